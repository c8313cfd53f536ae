/** YAML text as documents that know where in the file each of their fields stands. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { type Finding, fieldName, type Path, type Problem } from './problems.ts';
import { type Fault, faultsOf } from './yaml-faults.ts';

export interface SourceDocument {
  readonly file: string;
  /** As the text says, valid or not; empty where it says nothing. */
  readonly kind: string;
  readonly name: string;
  /** Undefined where the YAML is broken. */
  readonly value: unknown;
  /** The text at a path; empty where there is none. */
  text(path: Path): string;
  problem(finding: Finding): Problem;
}

export interface YamlSource {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Aliases that a document may expand to: a page of nested anchors must not become gigabytes. */
const maxAliasCount = 100;
/** One slip in YAML can make an error of each line after it. */
const mostFaults = 5;

export function parseYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const faults = faultsOf(document);
    // A file may end with ---, and may begin with comments and ---.
    if (faults.length === 0 && isEmpty(document)) continue;
    const source = sourceDocument(file, document, lines);
    const told = faults.slice(0, mostFaults).map((fault) => source.fault(fault));
    const value = faults.length > 0 ? undefined : plainValue(document);
    if (faults.length === 0 && value === undefined) {
      told.push(
        source.problem({ path: [], message: `has more than ${maxAliasCount} aliases (*name) in it` }),
      );
    }
    problems.push(...told);
    documents.push({ ...source, value });
  }
  return { documents, problems };
}

/** Undefined where aliases would make too much of it. */
function plainValue(document: Document.Parsed): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount });
    return value;
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

const isEmpty = ({ contents }: Document): boolean =>
  contents === null || (isScalar(contents) && contents.value === null);

function sourceDocument(
  file: string,
  document: Document.Parsed,
  lines: LineCounter,
): SourceDocument & { fault(fault: Fault): Problem } {
  const [kind, name] = [textAt(document, ['kind']), textAt(document, ['metadata', 'name'])];
  const named = kind === '' && name === '' ? undefined : { kind, name };
  const place = (offset: number): Pick<Problem, 'file' | 'line' | 'column' | 'document'> => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, document: named };
  };
  return {
    file,
    kind,
    name,
    value: undefined,
    text: (path) => textAt(document, path),
    problem: ({ path, message, hint, atName }) => ({
      ...place(offsetOf(document, path, atName === true)),
      field: fieldName(path),
      message,
      hint,
    }),
    fault: ({ offset, message, hint }) => ({ ...place(offset), message: `not valid YAML: ${message}`, hint }),
  };
}

function textAt(document: Document.Parsed, path: Path): string {
  const { node } = walk(document, path);
  return isScalar(node) && typeof node.value === 'string' ? node.value : '';
}

/** Where the value (or the name) of a field begins; for a field that is missing, what it is missing from. */
function offsetOf(document: Document.Parsed, path: Path, atName: boolean): number {
  const { node, announced } = walk(document, path);
  if (atName || !isNode(node) || !node.range || isEmptyValue(node)) return announced;
  return node.range[0];
}

const isEmptyValue = (node: unknown): boolean => isScalar(node) && node.value === null && node.source === '';

/** The node at a path, and the offset of its name, or of the nearest name above it that there is. */
function walk(document: Document.Parsed, path: Path): { node: unknown; announced: number } {
  let node: unknown = document.contents;
  let announced = document.contents?.range?.[0] ?? document.range[0];
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair || !isScalar(pair.key)) return { node: undefined, announced };
      announced = pair.key.range?.[0] ?? announced;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      announced = (isNode(node) ? node.range?.[0] : undefined) ?? announced;
    } else {
      return { node: undefined, announced };
    }
  }
  return { node, announced };
}
