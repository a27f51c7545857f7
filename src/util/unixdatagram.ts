import { close, sendto, socket } from "../../ffi/libc.ts";
import { AF_UNIX, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../ffi/sys/socket.ts";
import { encodeSockaddrUn } from "../../ffi/sys/un.ts";

/** Sends datagrams to a Unix socket; never waits. */
export class UnixDatagramSender implements Disposable {
  readonly #fd: number;
  readonly #address: Uint8Array;

  /** A path, or `@name` for the abstract namespace. Throws SystemError, RangeError. */
  constructor(path: string) {
    this.#address = encodeSockaddrUn(path);
    this.#fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }

  /** False when the receiver is not there or its queue is full. */
  send(datagram: Uint8Array): boolean {
    try {
      sendto(this.#fd, datagram, MSG_NOSIGNAL, this.#address);
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
