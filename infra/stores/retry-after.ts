/** Milliseconds that an answer's Retry-After asks for, which is in seconds; a date is not understood. */
export function retryAfterMs(header: string | readonly string[] | undefined): number | undefined {
  const seconds = Number(header);
  return seconds > 0 ? seconds * 1000 : undefined;
}
