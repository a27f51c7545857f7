/** A file for other programs of a fleet. */
export interface ExportedFile {
  /** Without a directory. */
  readonly name: string;
  readonly text: string;
}

/** What is in every file that was exported: such a file may be replaced by a newer one, any other belongs to somebody. */
export const EXPORT_MARK = "Written by portsyncd export";
