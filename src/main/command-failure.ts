/** What a command says of its failure. Throws what is a defect. */
export async function toSentence(reason: unknown): Promise<string> {
  const [{ isTimeout }, { DriverError }] = await Promise.all([
    import('../base/deadline.ts'),
    import('../domain/errors.ts'),
  ]);
  if (reason instanceof DriverError) return reason.message;
  if (isTimeout(reason)) {
    return 'It took too long, and was not done to its end. What is done stays done: say the same again.';
  }
  throw reason;
}
