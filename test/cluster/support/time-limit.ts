const LAST_START_MINUTES = 50;

/**
 * Whether the run has been going on for too long to start another part: 50 minutes after STOWAGE_RUN_STARTED (seconds since 1970), which
 * `.ci/run` sets. Without that there is no limit.
 */
export function isTooLate(): boolean {
  const started = Number(process.env['STOWAGE_RUN_STARTED'] ?? Number.NaN);
  return Date.now() / 1000 - started > LAST_START_MINUTES * 60;
}
