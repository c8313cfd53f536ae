/** What makes a text no valid YAML, and where: the parser's errors and warnings, and aliases of nothing. */
import { type Document, visit } from 'yaml';

export interface Fault {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** In the order of the text. */
export function faultsOf(document: Document.Parsed): Fault[] {
  const errors = [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    offset: pos[0],
    message,
    hint: code === 'TAB_AS_INDENT' ? 'indent with spaces' : undefined,
  }));
  return [...errors, ...unresolvedAliases(document)].toSorted((one, other) => one.offset - other.offset);
}

function unresolvedAliases(document: Document.Parsed): Fault[] {
  const anchors = new Set<string>();
  const faults: Fault[] = [];
  visit(document, {
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias(_, { source, range }) {
      if (anchors.has(source)) return;
      faults.push({
        offset: range?.[0] ?? 0,
        message: `*${source} stands for nothing: no &${source} comes before it`,
      });
    },
  });
  return faults;
}
