import type { Room } from "./table.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const PLAIN_EVERY_MS = 2000;
const DRAW_EVERY_MS = 200;

/** Where the table is shown: drawn in place on a terminal, printed now and then elsewhere. */
export class Screen implements Disposable {
  readonly #tty = process.stdout.isTTY;
  readonly #leave = () => this[Symbol.dispose]();
  readonly #timer: Timer;
  #open = true;

  /** `table` gives the lines for the room there is. */
  constructor(table: (room: Room) => string[]) {
    if (this.#tty) process.stdout.write(ENTER);
    // Also after an error that nobody catches the terminal is as it was.
    process.on("exit", this.#leave);
    this.#timer = setInterval(() => this.#show(table), this.#tty ? DRAW_EVERY_MS : PLAIN_EVERY_MS);
  }

  #show(table: (room: Room) => string[]): void {
    if (!this.#tty) {
      const lines = table({ columns: 80, rows: Number.POSITIVE_INFINITY, color: false });
      process.stdout.write(`${lines.join("\n")}\n\n`);
      return;
    }
    const { columns, rows } = process.stdout;
    const lines = table({ columns, rows, color: !process.env["NO_COLOR"] });
    process.stdout.write(`\x1b[H${lines.map((text) => `${text}\x1b[K`).join("\n")}\x1b[J`);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    process.off("exit", this.#leave);
    if (this.#tty) process.stdout.write(LEAVE);
  }
}
