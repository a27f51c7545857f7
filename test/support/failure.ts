/** The message with which `promise` fails; throws when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: Error) => error,
  );
  if (outcome instanceof Error) return outcome.message;
  throw new Error(`it did not fail: ${Bun.inspect(outcome)}`);
}
