import type { FdSocketOptions, Socket } from "bun";

/** A file descriptor that Bun's event loop watches; disposing of it closes it. */
export type Adopted = Disposable;

/**
 * Lets Bun's event loop watch a datagram socket: it reads each datagram, drops it and calls `wake`.
 * Bun then owns and closes `fd`. FdSocketOptions is declared but missing in Bun.connect's overloads, hence the cast.
 */
export function adopt(fd: number, wake: () => void): Adopted {
  const connect = Bun.connect as unknown as (options: FdSocketOptions<undefined>) => Promise<Socket>;
  let disposed = false;
  let adopted: Socket | undefined;
  void connect({
    fd,
    socket: {
      open(socket) {
        adopted = socket;
      },
      data: wake,
      close() {
        if (!disposed) throw new Error("Bun closed the netlink bell");
      },
    },
  });
  return {
    [Symbol.dispose]() {
      disposed = true;
      adopted?.terminate();
    },
  };
}
