/** Text from outside (keys, headers, what servers say) as it may be shown: a terminal must not obey it. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Control characters, and what turns the direction of writing, as `\u001b`. */
export const shown = (text: string): string =>
  text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const longest = 160;

/** Any value on one line: text as it is, the rest as JSON. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return shown(text.length > longest ? `${text.slice(0, longest)}…` : text);
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `3 B`, `1.5 MiB`. */
export function shownBytes(bytes: number): string {
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}

/** `1 version`, `2 versions`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
