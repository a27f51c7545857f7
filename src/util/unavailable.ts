/** Something cannot be had or told now; the message says why. The same may work later. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}
