import type { Fault } from "./fault.ts";

const reset: Fault = {
  name: "connections are reset",
  kind: "connection",
  async begin({ proxy }) {
    proxy.reset();
  },
};

const refused: Fault = {
  name: "connections are refused",
  kind: "connection",
  async begin({ proxy }) {
    proxy.refuse();
  },
  async end({ proxy }) {
    proxy.accept();
  },
};

const slow: Fault = {
  name: "answers come late",
  kind: "connection",
  async begin({ proxy }, random) {
    proxy.delay(random.between(20, 1500));
  },
  async end({ proxy }) {
    proxy.delay(0);
  },
};

const halfOpen: Fault = {
  name: "connections are half-open",
  kind: "connection",
  async begin({ proxy }) {
    proxy.swallow();
  },
  async end({ proxy }) {
    proxy.serve();
  },
};

/** What befalls the connections to Redis. */
export const CONNECTION_FAULTS: readonly Fault[] = [reset, reset, refused, slow, slow, halfOpen];
