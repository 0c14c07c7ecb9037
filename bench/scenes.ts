import { type Scene, setScene } from './scene.ts';
import { setSplitScene, type SplitScene } from './split-scene.ts';

/** What is measured, made when the first group asks for it. */
export interface Scenes extends AsyncDisposable {
  getAllInOne(): Promise<Scene>;
  getSplit(): Promise<SplitScene>;
  /** Those of ours that run now. */
  listProcesses(): readonly { readonly name: string; readonly pid: number }[];
}

/** Nothing is made yet. */
export function createScenes(): Scenes {
  const made = new AsyncDisposableStack();
  const processes: { readonly name: string; readonly pid: number }[] = [];
  let allInOne: Promise<Scene> | undefined;
  let split: Promise<SplitScene> | undefined;
  const makeAllInOne = async (): Promise<Scene> => {
    const scene = made.use(await setScene());
    processes.push({ name: 'all-in-one', pid: scene.server.pid });
    return scene;
  };
  const makeSplit = async (): Promise<SplitScene> => {
    const scene = made.use(await setSplitScene());
    for (const { name, program } of scene.cluster.controllers) processes.push({ name, pid: program.pid });
    for (const { name, program } of scene.cluster.nodes) processes.push({ name, pid: program.pid });
    return scene;
  };
  return {
    getAllInOne: () => (allInOne ??= makeAllInOne()),
    getSplit: () => (split ??= makeSplit()),
    listProcesses: () => processes,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
