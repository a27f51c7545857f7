import { formatSocketAddress, type SocketAddress } from "../config/socketaddress.ts";
import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { CredentialError, type CredentialFiles, type Credentials, readCredentials } from "./credentials.ts";
import type { Front } from "./front.ts";
import { listen, type Listener } from "./listener.ts";
import { describeListenError, isIpv6Missing } from "./listenerror.ts";
import type { ServerFacts } from "./sources.ts";

/** Where a server listens, and who it says it is. */
export interface ServerOptions {
  readonly addresses: readonly SocketAddress[];
  /** Undefined for plain HTTP. */
  readonly files: CredentialFiles | undefined;
}

const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 60_000;

const log = getLog("http");

interface Place {
  readonly address: SocketAddress;
  readonly text: string;
  listener: Listener | undefined;
  /** Why it does not listen; undefined when it does. */
  error: unknown;
  /** The failure that was told last. */
  told: string;
}

/**
 * The HTTP server on TCP. What does not work, such as an address that is in use or a certificate that is wrong, is told
 * and tried again; it ends neither the daemon nor what does work.
 */
export class HttpServer {
  readonly #clock: Clock;
  readonly #front: Front;
  readonly #files: CredentialFiles | undefined;
  readonly #places: readonly Place[];
  readonly #retry = new Backoff(RETRY_FIRST_MS, RETRY_MOST_MS);
  #credentials: Credentials | undefined;
  /** Why the files cannot be used; "" when they can. */
  #credentialFailure = "";
  #cancelRetry = () => {};
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(clock: Clock, front: Front, { addresses, files }: ServerOptions) {
    this.#clock = clock;
    this.#front = front;
    this.#files = files;
    this.#places = addresses.map((address) => {
      return { address, text: formatSocketAddress(address), listener: undefined, error: undefined, told: "" };
    });
  }

  /** Begins to listen; resolves when that was tried once. */
  start(): Promise<void> {
    return this.#work(() => this.#readFiles());
  }

  /** Reads the files again; when they cannot be used the old ones stay in use. Connections go on. */
  reload(): Promise<void> {
    this.#retry.reset();
    return this.#work(() => this.#readFiles());
  }

  /** How the server is. */
  get facts(): ServerFacts {
    return {
      listening: this.#places.flatMap((place) => placeListened(place) ?? []),
      failure: this.#failures().join("; "),
      certificateExpiresWallMs: this.#credentials?.expiresWallMs,
    };
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
    this.#cancelRetry();
    for (const place of this.#places) {
      place.listener?.close();
      place.listener = undefined;
    }
    this.#front.close();
  }

  #failures(): string[] {
    const isExpired = this.#clock.wallNow() > (this.#credentials?.expiresWallMs ?? Infinity);
    const credentials = this.#credentialFailure || (isExpired ? `${this.#files!.certificate}: has expired` : "");
    return [credentials, ...this.#places.map((place) => this.#failureOf(place))].filter(Boolean);
  }

  /** Why a place cannot be listened on; "" when it can, or when nothing is lost by it. */
  #failureOf({ address, text, error }: Place): string {
    if (error === undefined) return "";
    const isServed = this.#places.some((other) => other.address.isLoopback && other.listener);
    return isServed && isIpv6Missing(address, error) ? "" : `${text}: ${describeListenError(error)}`;
  }

  /** One piece of work after the other: what is asked for meanwhile comes next. */
  #work(first: () => void): Promise<void> {
    this.#working = this.#working.then(async () => {
      if (this.#isClosed || this.#places.length === 0) return;
      this.#cancelRetry();
      first();
      await this.#listenWhereMissing();
      const isMissing = this.#places.some(({ listener }) => !listener);
      if (!isMissing && this.#credentialFailure === "") return this.#retry.reset();
      this.#cancelRetry = this.#clock.after(this.#retry.next(), () => void this.#work(() => this.#retryFiles()));
    });
    return this.#working;
  }

  #retryFiles(): void {
    if (this.#credentialFailure !== "") this.#readFiles();
  }

  #readFiles(): void {
    if (!this.#files) return;
    const before = this.#credentialFailure;
    try {
      this.#credentials = readCredentials(this.#files, this.#clock.wallNow());
      this.#credentialFailure = "";
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      this.#credentialFailure = error.message;
      const instead = this.#credentials ? "the old certificate stays in use" : "there is no HTTP server until it can";
      if (before !== error.message) log.error("{reason}; {instead}", { reason: error.message, instead });
      return;
    }
    const { subject, expiresWallMs } = this.#credentials;
    for (const { listener } of this.#places) listener?.renew(this.#credentials);
    const until = new Date(expiresWallMs).toISOString();
    log.notice("the certificate is that of {subject}, valid until {until}", { subject, until });
  }

  async #listenWhereMissing(): Promise<void> {
    if (this.#files && !this.#credentials) return;
    for (const place of this.#places) if (!place.listener) await this.#listenAt(place);
    for (const place of this.#places) {
      const failure = this.#failureOf(place);
      if (failure !== "" && failure !== place.told)
        log.error("cannot listen on {failure}; it will be tried again", { failure });
      place.told = failure;
    }
  }

  async #listenAt(place: Place): Promise<void> {
    try {
      place.listener = await listen(place.address, this.#front, this.#credentials);
      place.error = undefined;
      log.notice("listening on {where}", {
        where: `${this.#credentials ? "https" : "http"}://${placeListened(place)}`,
      });
    } catch (error) {
      place.error = error;
    }
  }
}

/** Where a place is listened on; undefined when it is not. */
function placeListened({ address: { host }, listener }: Place): string | undefined {
  return listener && formatSocketAddress({ host, port: listener.port });
}
