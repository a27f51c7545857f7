/** How much a server puts up with. */
export interface HttpLimits {
  /** Connections at the same time. */
  readonly mostConnections: number;
  /** How long a client may take to say what it wants, TLS handshake included, in milliseconds. */
  readonly requestMs: number;
  /** How long an answer may take, until the client has all of it, in milliseconds. */
  readonly answerMs: number;
  /** How long a connection may wait for its next request, in milliseconds. */
  readonly idleMs: number;
  /** The request line and the headers together. */
  readonly mostHeaderBytes: number;
  readonly mostHeaders: number;
  readonly mostBodyBytes: number;
}

/** The limits of the server that other machines may reach. Prometheus keeps a connection from one scrape to the next. */
export const SERVER_LIMITS: HttpLimits = {
  mostConnections: 128,
  requestMs: 10_000,
  answerMs: 30_000,
  idleMs: 75_000,
  mostHeaderBytes: 8192,
  mostHeaders: 64,
  mostBodyBytes: 0,
};

/** The limits of the admin socket. */
export const ADMIN_LIMITS: HttpLimits = { ...SERVER_LIMITS, mostConnections: 16, mostBodyBytes: 16_384 };
