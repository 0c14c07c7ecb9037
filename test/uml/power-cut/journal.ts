/** What is asked of the server, or of a volume of it. Names, not ids: they are what survives a power cut. */
export type Operation =
  | {
      readonly kind: 'create-volume';
      readonly name: string;
      readonly shape: string;
      readonly sizeBytes: number;
      readonly source?: { readonly kind: 'volume' | 'snapshot'; readonly name: string };
    }
  | { readonly kind: 'delete-volume'; readonly name: string }
  | { readonly kind: 'expand-volume'; readonly name: string; readonly sizeBytes: number }
  | { readonly kind: 'create-snapshot'; readonly name: string; readonly volume: string }
  | { readonly kind: 'delete-snapshot'; readonly name: string }
  /** A new file in a volume, and fsync of it and of its directory. */
  | { readonly kind: 'write'; readonly volume: string; readonly file: string; readonly sha256: string };

/** What the server answered, as far as it has to be the same when it is asked again. */
export interface Answer {
  readonly id?: string;
  readonly sizeBytes?: number;
}

/** One line that a guest says; all of them together are the journal, which lies outside of the machine that loses its power. */
export type Line =
  /** Said before the call is made… */
  | { readonly say: 'asked'; readonly call: string; readonly operation: Operation }
  /** …and after its answer has come. */
  | { readonly say: 'answered'; readonly call: string; readonly answer: Answer }
  /** Something is not as it has to be. */
  | { readonly say: 'fault'; readonly text: string }
  /** The disks are mounted and the server is about to start. */
  | { readonly say: 'starting' }
  /** Everything that the journal promises was looked at; the workload begins, or the guest ends. */
  | { readonly say: 'checked'; readonly looked: Looked };

/** How much a check has looked at. */
export interface Looked {
  readonly volumes: number;
  readonly snapshots: number;
  readonly files: number;
  readonly ms: number;
}

/** What a guest is told by the host, in `$EXCHANGE/plan.json`. */
export interface Plan {
  readonly seed: number;
  /** Counts boots; part of every name and call that is new. */
  readonly boot: number;
  /** `first`: the disks are blank. `work`: check, then work until the power goes. `last`: check, remove everything, check again. */
  readonly mode: 'first' | 'work' | 'last';
  /** The server's calls of fsync do nothing. The suite has to find out. */
  readonly isWithoutSync: boolean;
  readonly journal: readonly Line[];
}

/** Parses what a guest said; undefined when the line was torn by the power cut, or is noise. */
export function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
