import { measureAgentHop } from './rows/agent-hop.ts';
import { measureApart } from './rows/apart.ts';
import { measureCalls } from './rows/calls.ts';
import { measureCreates } from './rows/creates.ts';
import { measureDeletion } from './rows/deletion.ts';
import { measureDirectories, measureManyDirectories } from './rows/directories.ts';
import { measureImages } from './rows/images.ts';
import { measureManyAgents } from './rows/many-agents.ts';
import { measureNfs } from './rows/nfs.ts';
import { measureProcesses } from './rows/processes.ts';
import { measureRestores } from './rows/restores.ts';
import type { Scenes } from './scenes.ts';
import type { Row } from './table.ts';

/** How much is measured. */
export interface Scale {
  readonly volumes: number;
  readonly files: number;
  readonly imageGiB: number;
  readonly calls: number;
  readonly agents: number;
}

/** Rows that are measured together. */
export interface Group {
  /** For `ROWS`. */
  readonly name: string;
  /** For people. */
  readonly what: string;
  readonly measure: (scenes: Scenes, scale: Scale) => Promise<readonly Row[]>;
}

/** In this order: what counts on processes that are just started, or on pools that are empty, comes first. */
const GROUPS: readonly Group[] = [
  { name: 'processes', what: 'idle processes', measure: (scenes) => measureProcesses(scenes) },
  { name: 'agent-hop', what: 'the way over an agent', measure: () => measureAgentHop() },
  { name: 'apart', what: 'controller and node apart', measure: (scenes) => measureApart(scenes) },
  { name: 'creates', what: 'creates over three nodes', measure: (scenes) => measureCreates(scenes) },
  { name: 'calls', what: 'many calls', measure: (scenes, { calls }) => measureCalls(scenes, calls) },
  {
    name: 'restores',
    what: 'restores on another node',
    measure: (scenes) => measureRestores(scenes),
  },
  {
    name: 'many-agents',
    what: 'a controller of many agents',
    measure: (_scenes, { agents }) => measureManyAgents(agents),
  },
  { name: 'nfs', what: 'NFS, in guests', measure: (_scenes, { imageGiB }) => measureNfs(imageGiB) },
  {
    name: 'directories',
    what: 'directories',
    measure: async (scenes) => measureDirectories(await scenes.getAllInOne()),
  },
  {
    name: 'images',
    what: 'images',
    measure: async (scenes, { imageGiB }) => measureImages(await scenes.getAllInOne(), [1, imageGiB]),
  },
  {
    name: 'deletion',
    what: 'deletion',
    measure: async (scenes, { files }) => measureDeletion(await scenes.getAllInOne(), files),
  },
  {
    name: 'many-directories',
    what: 'many directories',
    measure: async (scenes, { volumes }) => measureManyDirectories(await scenes.getAllInOne(), volumes),
  },
];

/** The groups that a list like `apart,creates` names; all for an empty one. Throws for a name that there is not. */
export function chooseGroups(names: string): readonly Group[] {
  const asked = names.split(/[\s,]+/).filter((name) => name !== '');
  for (const name of asked) {
    if (!GROUPS.some((group) => group.name === name)) {
      throw new Error(`ROWS: there is no ${name}; there are ${GROUPS.map((group) => group.name).join(', ')}`);
    }
  }
  return asked.length === 0 ? GROUPS : GROUPS.filter(({ name }) => asked.includes(name));
}
