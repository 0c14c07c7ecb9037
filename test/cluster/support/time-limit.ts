const LAST_START_MINUTES = 50;

/**
 * Whether another part of the cluster tests is left out, and counted as skipped: with SKIP_ROOT_TESTS=1, and 50 minutes after
 * STOWAGE_RUN_STARTED (seconds since 1970), which `.ci/run` sets. Without that there is no limit.
 */
export function isLeftOut(): boolean {
  if (process.env['SKIP_ROOT_TESTS'] === '1') return true;
  const started = Number(process.env['STOWAGE_RUN_STARTED'] ?? Number.NaN);
  return Date.now() / 1000 - started > LAST_START_MINUTES * 60;
}
