import { struct } from "../struct.ts";
import { AF_UNIX } from "./socket.ts";

/** `struct sockaddr_un` of sys/un.h. */
export const sockaddr_un = struct({ sun_family: "u16", sun_path: "char[108]" });

/** The address of a Unix socket; a name that begins with `@` is in the abstract namespace. Throws RangeError when too long. */
export function encodeSockaddrUn(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  const abstract = path.startsWith("@");
  if (name.length === 0 || name.length + (abstract ? 0 : 1) > sockaddr_un.size - sockaddr_un.offset.sun_path) {
    throw new RangeError(`a Unix socket's path has 1 to 107 bytes, this one ${name.length}: ${path}`);
  }
  const length = sockaddr_un.offset.sun_path + name.length + (abstract ? 0 : 1);
  const address = new Uint8Array(length);
  new DataView(address.buffer).setUint16(sockaddr_un.offset.sun_family, AF_UNIX, true);
  address.set(name, sockaddr_un.offset.sun_path);
  if (abstract) address[sockaddr_un.offset.sun_path] = 0;
  return address;
}
