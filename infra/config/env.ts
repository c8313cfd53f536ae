/** The process's environment: the one place in the TypeScript that reads it. */

export type Environment = Readonly<Record<string, string | undefined>>;

export const environment: Environment = process.env;
