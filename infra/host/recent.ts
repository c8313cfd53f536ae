/** What was done lately, by name: a bounded memory of promises, without those that failed. */

export interface Recent<Value> {
  get(name: string): Promise<Value> | undefined;
  set(name: string, done: Promise<Value>): void;
}

export function createRecent<Value>(most: number): Recent<Value> {
  const known = new Map<string, Promise<Value>>();
  return {
    get: (name) => known.get(name),
    set(name, done) {
      known.set(name, done);
      for (const oldest of known.keys()) {
        if (known.size <= most) break;
        known.delete(oldest);
      }
      done.catch(() => {
        if (known.get(name) === done) known.delete(name);
      });
    },
  };
}
