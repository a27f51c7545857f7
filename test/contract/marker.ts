import { waitUntil } from "../support/deadline.ts";
import type { Switch } from "../support/switch.ts";

const PORT = "Ethernet9999";
const FIRST_MTU = 2000;

/**
 * A port of no interest, to show that something does not happen: when its change is in STATE_DB, whatever the daemon had to
 * write of what the kernel said before is there, too.
 */
export class Marker {
  readonly #box: Switch;
  #mtu = FIRST_MTU;

  private constructor(box: Switch) {
    this.#box = box;
  }

  /** Makes it, in the kernel and in APPL_DB. A daemon that is started cold later takes it for an old one. */
  static async open(box: Switch): Promise<Marker> {
    await box.db.appl.hset(`PORT_TABLE${box.db.databases.APPL_DB.separator}${PORT}`, { lanes: "9999" });
    await box.links.add([PORT]);
    const marker = new Marker(box);
    await marker.pass();
    return marker;
  }

  /** The key of its row in STATE_DB. */
  static readonly key = `PORT_TABLE|${PORT}`;

  /** Returns when the daemon has written all that it had to write so far. */
  async pass(): Promise<void> {
    const mtu = ++this.#mtu;
    await this.#box.links.mtu(mtu, PORT);
    const key = `PORT_TABLE${this.#box.db.databases.STATE_DB.separator}${PORT}`;
    await waitUntil(`marker ${mtu}`, async () => (await this.#box.db.state.hget(key, "mtu")) === `${mtu}`);
  }
}
