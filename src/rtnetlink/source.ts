import { RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import { GroupSocket, type RequestChannel, RequestSocket, type Subscription } from "../netlink/socket.ts";

/** Where link messages come from: the kernel, a recording or a simulation. */
export interface LinkSource {
  /** Joins RTNLGRP_LINK; `wake` is called when there is something to receive. Throws SystemError. */
  subscribe(receiveBufferBytes: number, wake: () => void): Subscription;
  /** Opens a channel of its own for a request and its answer. Throws SystemError. */
  openRequest(): RequestChannel;
  /** Resolves when everything there ever was has been received; undefined for a source that never ends. */
  readonly ended: Promise<void> | undefined;
}

/** The kernel of this network namespace. */
export function kernelSource(): LinkSource {
  return {
    subscribe: (receiveBufferBytes, wake) => new GroupSocket(RTMGRP_LINK, receiveBufferBytes, wake),
    openRequest: () => new RequestSocket(),
    ended: undefined,
  };
}
