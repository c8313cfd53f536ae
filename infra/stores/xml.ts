/**
 * The little XML that S3 speaks: answers are scanned, not parsed into a tree. The scan takes element names as they
 * come, as MinIO writes metadata names that are no XML names (`<X-Amz-Meta-A&B>`).
 */

const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);
const lastCodePoint = 0x10ffff;

export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    const code = hex ? Number.parseInt(hex, 16) : decimal ? Number.parseInt(decimal, 10) : undefined;
    if (code !== undefined) return code <= lastCodePoint ? String.fromCodePoint(code) : whole;
    return entities.get(name) ?? whole;
  });
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface Visitor {
  /** An element with nothing but text in it. */
  leaf(name: string, text: string): void;
  open?(name: string): void;
  close?(name: string): void;
}

/** Walks a document in order; of one that was cut off, as far as it goes. */
export function scan(xml: string, visit: Visitor): void {
  for (let at = xml.indexOf('<'); at >= 0; at = xml.indexOf('<', at)) {
    const end = xml.indexOf('>', at);
    if (end < 0) return;
    const first = xml[at + 1];
    if (first === '/') visit.close?.(xml.slice(at + 2, end));
    else if (first !== '?' && first !== '!') {
      const name = nameOf(xml.slice(at + 1, end));
      const next = xml.indexOf('<', end);
      if (xml[end - 1] === '/') visit.leaf(name, '');
      else if (next > 0 && xml[next + 1] === '/') {
        visit.leaf(name, unescapeXml(xml.slice(end + 1, next)));
        at = xml.indexOf('>', next);
        if (at < 0) return;
        continue;
      } else visit.open?.(name);
    }
    at = end;
  }
}

/** Without attributes. */
function nameOf(tag: string): string {
  const space = tag.indexOf(' ');
  if (space >= 0) return tag.slice(0, space);
  return tag.endsWith('/') ? tag.slice(0, -1) : tag;
}

/** The text of the first such element, undefined if there is none. */
export function textOf(xml: string, name: string): string | undefined {
  let found: string | undefined;
  scan(xml, {
    leaf: (leaf, text) => {
      if (leaf === name) found ??= text;
    },
  });
  return found;
}
