import type { Database } from "bun:sqlite";

import type { TransitionColumns } from "./columns.ts";
import { lastTransition } from "./historypieces.ts";
import { type Piece, PIECE_COLUMNS } from "./piece.ts";
import { PieceWriter } from "./piecewriter.ts";

const ADD_PORT = "INSERT OR IGNORE INTO ports (name) VALUES (?)";
const PORT_ID = "SELECT id FROM ports WHERE name = ?";
const WRITE_PIECE = `INSERT OR REPLACE INTO history (${PIECE_COLUMNS}) VALUES (?, ?, ?, ?, ?)`;

/**
 * Adds to the history. The newest piece is written again with what comes until it is full, so that few transitions at a time
 * take no more space than many; one that an earlier process began stays as it is. A transaction that fails ends with this object.
 */
export class HistoryWriter {
  readonly #db: Database;
  /** The ids of ports that were asked for. */
  readonly #portIds = new Map<string, number>();
  #piece: PieceWriter;

  /** `lastId` is the greatest number that a transition is known to have had. */
  constructor(db: Database, lastId: number) {
    this.#db = db;
    this.#piece = new PieceWriter(Math.max(lastId, lastTransition(db)) + 1);
  }

  /** The greatest number that a transition has had. */
  get lastId(): number {
    return this.#piece.nextId - 1;
  }

  /** Adds transitions. Throws RefusedError, and what SQLite throws. */
  add({ ports, values }: TransitionColumns): void {
    const portIds = ports.map((port) => this.#portId(port));
    for (let at = 0; at < values.length;) {
      const next = this.#piece.fill(values, at, portIds);
      if (next > at) this.#write(this.#piece.seal());
      if (next < values.length) this.beginPiece();
      at = next;
    }
  }

  /** What comes next begins a piece of its own. */
  beginPiece(): void {
    this.#piece = new PieceWriter(this.#piece.nextId);
  }

  /** History was deleted, and with it perhaps ports. */
  onDeleted(): void {
    this.#portIds.clear();
    this.beginPiece();
  }

  #write({ id, count, first_ms, latest_ms, packed }: Piece): void {
    this.#db.query(WRITE_PIECE).run(id, count, first_ms, latest_ms, packed);
  }

  #portId(port: string): number {
    const known = this.#portIds.get(port);
    if (known !== undefined) return known;
    const name = Buffer.from(port, "latin1");
    this.#db.query(ADD_PORT).run(name);
    const { id } = this.#db.query<{ id: number }, [Uint8Array]>(PORT_ID).get(name)!;
    this.#portIds.set(port, id);
    return id;
  }
}
