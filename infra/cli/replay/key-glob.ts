/**
 * Globs over keys: `*` stands for any characters but a slash, `**` for any characters at all, `\` takes the next
 * character as it is. Everything else, `?`, `[` and `{` too, is itself: keys hold such characters.
 */

const anyButSlash = Symbol('*');
const anything = Symbol('**');
type Token = string | typeof anyButSlash | typeof anything;

/** A test of whole keys; undefined for what is no glob. */
export function compileGlob(glob: string): ((key: string) => boolean) | undefined {
  const tokens = tokensOf(glob);
  return tokens && ((key) => takes(tokens, key));
}

function tokensOf(glob: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === '\\') {
      at += 1;
      if (at === glob.length) return undefined;
      tokens.push(glob.charAt(at));
    } else if (character !== '*') {
      tokens.push(character);
    } else if (glob.charAt(at + 1) === '*') {
      while (glob.charAt(at + 1) === '*') at += 1;
      tokens.push(anything);
    } else {
      tokens.push(anyButSlash);
    }
  }
  return tokens.length > 0 ? tokens : undefined;
}

interface Retry {
  /** Where in the key the wildcard has got to. */
  at: number;
  /** The token after it. */
  readonly next: number;
}

/** Goes back to the last wildcard only, never to one before it: the time is bounded by length times length. */
function takes(tokens: readonly Token[], key: string): boolean {
  let [at, next] = [0, 0];
  let short: Retry | undefined;
  let long: Retry | undefined;
  while (at < key.length) {
    const token = tokens[next];
    if (token === anything) {
      next += 1;
      [long, short] = [{ at, next }, undefined];
    } else if (token === anyButSlash) {
      next += 1;
      short = { at, next };
    } else if (token === key.charAt(at)) {
      at += 1;
      next += 1;
    } else if (short && key.charAt(short.at) !== '/') {
      short.at += 1;
      ({ at, next } = short);
    } else if (long) {
      long.at += 1;
      short = undefined;
      ({ at, next } = long);
    } else {
      return false;
    }
  }
  return tokens.slice(next).every((token) => typeof token === 'symbol');
}
