/** What is wrong with a document, and where: as data for `--json`, as one line for people. */

export type Path = readonly (string | number)[];

export interface Problem {
  readonly file: string;
  /** From 1; absent where the file itself is the problem. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly document?: { readonly kind: string; readonly name: string } | undefined;
  /** Such as spec.targets[0].site. */
  readonly field?: string | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A problem before its place in the file is known. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Point at the field's name, not at its value. */
  readonly atName?: boolean;
}

export const fieldName = (path: Path): string =>
  path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    return name === '' ? step : `${name}.${step}`;
  }, '');

/** `causeway.yaml:14:9: ReplicationRule photos: spec.targets[0].site: there is no site "tokio"; did you mean …?` */
export function renderProblem({ file, line, column, document, field, message, hint }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const what = document ? `${document.kind} ${document.name}`.trim() : undefined;
  const parts = [place, what, field === '' ? undefined : field, message].filter((part) => part !== undefined);
  return hint === undefined ? parts.join(': ') : `${parts.join(': ')}; ${hint}`;
}
