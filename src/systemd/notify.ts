import { monotonicMicroseconds } from "../../ffi/libc.ts";
import { UnixDatagramSender } from "../util/unixdatagram.ts";

/** Tells the service manager how the daemon is doing, as sd_notify(3); without one it tells nobody. */
export class Notifier {
  readonly #sender: UnixDatagramSender | undefined;

  /** `notifySocket` is the value of NOTIFY_SOCKET. Throws SystemError, RangeError for a path that no socket can have. */
  constructor(notifySocket: string | undefined) {
    this.#sender = notifySocket ? new UnixDatagramSender(notifySocket) : undefined;
  }

  /** The daemon does its work. */
  ready(): void {
    this.#send("READY=1");
  }

  /** One line for `systemctl status`. */
  status(text: string): void {
    this.#send(`STATUS=${text.replaceAll("\n", " ")}`);
  }

  /** The configuration is being read again; ready() says that this is done. Type=notify-reload asks for the time. */
  reloading(): void {
    if (this.#sender) this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  /** The daemon ends. */
  stopping(): void {
    this.#send("STOPPING=1");
  }

  /** The daemon is alive. */
  watchdog(): void {
    this.#send("WATCHDOG=1");
  }

  /** The start takes longer: this much from now on, in microseconds. */
  extendTimeout(microseconds: number): void {
    this.#send(`EXTEND_TIMEOUT_USEC=${Math.round(microseconds)}`);
  }

  #send(state: string): void {
    this.#sender?.send(new TextEncoder().encode(state));
  }
}
