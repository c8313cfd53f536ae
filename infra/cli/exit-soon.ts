/** For a process that is ended from outside: what still holds it after its drain is given up. */
const lingerMs = 500;

export function exitSoon(code: number): void {
  setTimeout(() => process.exit(code), lingerMs).unref();
}
