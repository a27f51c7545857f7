/** One time on both clocks: what is counted goes by the one that never jumps, what is told by the other. */
export interface Moment {
  /** Milliseconds since 1970, which may jump. */
  readonly wallMs: number;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicMs: number;
}
