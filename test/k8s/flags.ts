/** The command line of a program of Kubernetes'. */
export const flagsOf = (settings: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(settings).map(([flag, value]) => `--${flag}=${value}`);
