import type { Answer, Line, Operation } from './journal.ts';

type CreateVolume = Extract<Operation, { kind: 'create-volume' }>;
type CreateSnapshot = Extract<Operation, { kind: 'create-snapshot' }>;

/** Files that were fsynced, and those of which a write was under way. */
export interface ExpectedFiles {
  /** Name → sha256. */
  readonly whole: ReadonlyMap<string, string>;
  readonly unknown: ReadonlySet<string>;
}

/** One volume, as the journal has it. */
export interface ExpectedVolume {
  readonly created: CreateVolume;
  /** The answer of its creation; undefined when that was never answered: the volume may exist or not. */
  readonly answer: Answer | undefined;
  /** The size that was last answered. */
  readonly sizeBytes: number;
  /** A larger size that was asked for and not answered. */
  readonly pendingBytes: number | undefined;
  /** `pending`: deletion was asked for and not answered. */
  readonly deletion: 'none' | 'pending' | 'done';
  readonly files: ExpectedFiles;
}

/** One snapshot, as the journal has it. */
export interface ExpectedSnapshot {
  readonly created: CreateSnapshot;
  readonly answer: Answer | undefined;
  readonly deletion: 'none' | 'pending' | 'done';
  readonly files: ExpectedFiles;
}

/** What has to be there after a power cut, by name. */
export interface Expectations {
  readonly volumes: ReadonlyMap<string, ExpectedVolume>;
  readonly snapshots: ReadonlyMap<string, ExpectedSnapshot>;
}

interface Mutable {
  readonly volumes: Map<string, ExpectedVolume>;
  readonly snapshots: Map<string, ExpectedSnapshot>;
}

const NO_FILES: ExpectedFiles = { whole: new Map(), unknown: new Set() };

/** Reads the journal from its beginning. Throws when it contradicts itself: that is a defect of the suite. */
export function toExpectations(journal: readonly Line[]): Expectations {
  const state: Mutable = { volumes: new Map(), snapshots: new Map() };
  const asked = new Map<string, Operation>();
  for (const line of journal) {
    if (line.say === 'asked') {
      asked.set(line.call, line.operation);
      applyAsked(state, line.operation);
    } else if (line.say === 'answered') {
      const operation = asked.get(line.call);
      if (operation === undefined)
        throw new Error(`The journal answers call ${line.call}, which nobody made.`);
      applyAnswered(state, operation, line.answer);
    }
  }
  return state;
}

function applyAsked(state: Mutable, operation: Operation): void {
  switch (operation.kind) {
    case 'create-volume':
      return addVolume(state, operation);
    case 'create-snapshot':
      return addSnapshot(state, operation);
    case 'delete-volume':
      return changeVolume(state, operation.name, toPending(getVolume(state, operation.name)));
    case 'delete-snapshot':
      return changeSnapshot(state, operation.name, toPending(getSnapshot(state, operation.name)));
    case 'expand-volume':
      return changeVolume(state, operation.name, { pendingBytes: operation.sizeBytes });
    case 'write': {
      const { files } = getVolume(state, operation.volume);
      const unknown = new Set(files.unknown).add(operation.file);
      return changeVolume(state, operation.volume, { files: { whole: files.whole, unknown } });
    }
  }
}

/** A creation that is repeated changes nothing of what is known. */
function addVolume(state: Mutable, created: CreateVolume): void {
  if (state.volumes.has(created.name)) return;
  const files = getSourceFiles(state, created);
  const { sizeBytes } = created;
  const volume = { created, answer: undefined, sizeBytes, pendingBytes: undefined, files } as const;
  state.volumes.set(created.name, { ...volume, deletion: 'none' });
}

function addSnapshot(state: Mutable, created: CreateSnapshot): void {
  if (state.snapshots.has(created.name)) return;
  const { files } = getVolume(state, created.volume);
  state.snapshots.set(created.name, { created, answer: undefined, deletion: 'none', files });
}

/** A deletion that was answered stays so when it is repeated. */
function toPending({ deletion }: Pick<ExpectedVolume, 'deletion'>): Pick<ExpectedVolume, 'deletion'> {
  return { deletion: deletion === 'done' ? 'done' : 'pending' };
}

function applyAnswered(state: Mutable, operation: Operation, answer: Answer): void {
  switch (operation.kind) {
    case 'create-volume':
      return changeVolume(state, operation.name, { answer });
    case 'create-snapshot':
      return changeSnapshot(state, operation.name, { answer });
    case 'delete-volume':
      return changeVolume(state, operation.name, { deletion: 'done' });
    case 'delete-snapshot':
      return changeSnapshot(state, operation.name, { deletion: 'done' });
    case 'expand-volume':
      return changeVolume(state, operation.name, {
        sizeBytes: answer.sizeBytes ?? operation.sizeBytes,
        pendingBytes: undefined,
      });
    case 'write': {
      const { files } = getVolume(state, operation.volume);
      const unknown = new Set(files.unknown);
      unknown.delete(operation.file);
      const whole = new Map(files.whole).set(operation.file, operation.sha256);
      return changeVolume(state, operation.volume, { files: { whole, unknown } });
    }
  }
}

function getSourceFiles(state: Mutable, { source }: CreateVolume): ExpectedFiles {
  if (source === undefined) return NO_FILES;
  return source.kind === 'volume'
    ? getVolume(state, source.name).files
    : getSnapshot(state, source.name).files;
}

function getVolume(state: Mutable, name: string): ExpectedVolume {
  const volume = state.volumes.get(name);
  if (volume === undefined) throw new Error(`The journal speaks of volume ${name} before it asks for it.`);
  return volume;
}

function getSnapshot(state: Mutable, name: string): ExpectedSnapshot {
  const snapshot = state.snapshots.get(name);
  if (snapshot === undefined)
    throw new Error(`The journal speaks of snapshot ${name} before it asks for it.`);
  return snapshot;
}

function changeVolume(state: Mutable, name: string, change: Partial<ExpectedVolume>): void {
  state.volumes.set(name, { ...getVolume(state, name), ...change });
}

function changeSnapshot(state: Mutable, name: string, change: Partial<ExpectedSnapshot>): void {
  state.snapshots.set(name, { ...getSnapshot(state, name), ...change });
}
