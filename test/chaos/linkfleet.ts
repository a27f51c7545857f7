import { encodeSetMtu, encodeSetUp, type LinkNotice } from "../support/linkmessage.ts";
import { Links } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { Namespace } from "../support/namespace.ts";

const BRIDGE = "bridge";

/** The netdevs of the ports, whatever names they have come to bear; each with a far end that gives it carrier. */
export class LinkFleet implements AsyncDisposable {
  readonly #links: Links;
  readonly #requests: LinkSocket;
  readonly #elsewhere: Namespace;
  /** Far ends by the port's ifindex. */
  readonly #farEnds = new Map<number, string>();
  readonly #away = new Set<string>();
  #created = 0;

  private constructor(
    readonly namespace: Namespace,
    elsewhere: Namespace,
    readonly ports: readonly string[],
  ) {
    this.#links = new Links(namespace);
    this.#requests = new LinkSocket(namespace);
    this.#elsewhere = elsewhere;
  }

  /** Makes none of the ports yet. */
  static async open(namespace: Namespace, ports: readonly string[]): Promise<LinkFleet> {
    const fleet = new LinkFleet(namespace, await Namespace.open(), ports);
    await fleet.#links.addBridge(BRIDGE);
    return fleet;
  }

  /** The ports that have a netdev, by name. */
  here(): Map<string, LinkNotice> {
    const links = this.#requests.dump();
    return new Map(this.ports.flatMap((port) => (links.has(port) ? [[port, links.get(port)!]] : [])));
  }

  /** The ports that have none. */
  missing(): string[] {
    const here = this.here();
    return this.ports.filter((port) => !here.has(port) && !this.#away.has(port));
  }

  /** Creates netdevs, with the ifindex that is asked for where it is free. */
  async create(ports: readonly string[], ifindex?: number): Promise<void> {
    const pairs = ports.map((port) => ({ port, far: `far${this.#created++}` }));
    const index = ifindex === undefined ? "" : ` index ${ifindex}`;
    await this.#links.batch([
      ...pairs.map(({ port, far }) => `link add ${port}${index} type veth peer name ${far}`),
      ...pairs.flatMap(({ port, far }) => [`link set ${far} up`, `link set ${port} up`]),
    ]);
    const links = this.#requests.dump();
    for (const { port, far } of pairs) this.#farEnds.set(links.get(port)!.ifindex, far);
  }

  /** Deletes netdevs with their far ends. */
  async delete(...ports: readonly string[]): Promise<void> {
    await this.#links.delete(...ports);
  }

  /** Sets MTUs by raw requests, in `rounds` over all that are named. */
  flood(ports: readonly LinkNotice[], rounds: number, mtu: number): void {
    if (ports.length === 0) return; // the kernel refuses to be sent nothing
    for (let i = 0; i < rounds; i++) {
      this.#requests.send(Buffer.concat(ports.map(({ ifindex }) => encodeSetMtu(ifindex, mtu + i))));
    }
    this.#requests.refusals(); // a link may have gone since it was looked at
  }

  /** Sets IFF_UP back and forth. */
  flap({ ifindex, admin }: LinkNotice, times: number): void {
    for (let i = 0, up = admin !== "up"; i < times; i++, up = !up) this.#requests.send(encodeSetUp(ifindex, up));
    this.#requests.refusals();
  }

  /** Gives carrier or takes it. */
  carrier({ ifindex }: LinkNotice, on: boolean): void {
    const far = this.#requests.dump().get(this.#farEnds.get(ifindex) ?? "");
    if (far) this.#requests.send(encodeSetUp(far.ifindex, on));
    this.#requests.refusals();
  }

  /** Two ports exchange their names. */
  async swap(a: string, b: string): Promise<void> {
    await this.#links.batch([`link set ${a} name swapped`, `link set ${b} name ${a}`, `link set swapped name ${b}`]);
  }

  /** A port takes the name of one that is missing. */
  async rename(from: string, to: string): Promise<void> {
    await this.#links.rename(from, to);
  }

  /** A port joins the bridge or leaves it. */
  async bridge(port: string, joins: boolean): Promise<void> {
    await this.#links.master(port, joins ? BRIDGE : null);
  }

  /** A port goes to another namespace. */
  async sendAway(port: string): Promise<void> {
    await this.#links.move(port, this.#elsewhere);
    this.#away.add(port);
  }

  /** Those that went come back. */
  async bringBack(): Promise<void> {
    const lines = [...this.#away].map((port) => `link set ${port} netns ${this.namespace.path}`);
    this.#away.clear();
    await new Links(this.#elsewhere).batch(lines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests[Symbol.dispose]();
    await this.#elsewhere[Symbol.asyncDispose]();
  }
}
