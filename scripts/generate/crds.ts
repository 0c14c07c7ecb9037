import { stringify } from 'yaml';
import type { ZodType } from 'zod';
import { z } from 'zod';
import { type Kind, POOLS, TOMBSTONES } from '../../src/k8s/kinds.ts';
import { PoolSpec, PoolStatus, TombstoneSpec } from '../../src/pools/pool-resource.ts';
import type { GeneratedTree } from './tree.ts';

const FOLDER = 'charts/stowage/crds';
const NOTE = '# Made by `make generate` from src/pools/pool-resource.ts.\n';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer';
  readonly jsonPath: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}

interface Resource {
  readonly kind: Kind;
  readonly singular: string;
  readonly description: string;
  readonly fields: Readonly<Record<string, ZodType>>;
  readonly columns: readonly Column[];
}

const RESOURCES: readonly Resource[] = [
  {
    kind: POOLS,
    singular: 'pool',
    description: 'A place on a node where volumes live, named by its id. Kept by controllers of Stowage.',
    fields: { spec: PoolSpec, status: PoolStatus },
    columns: [
      { name: 'Pool', type: 'string', jsonPath: '.spec.poolName' },
      { name: 'Node', type: 'string', jsonPath: '.spec.nodeName' },
      { name: 'State', type: 'string', jsonPath: '.status.state' },
      { name: 'Size', type: 'string', jsonPath: '.status.size' },
      { name: 'Free', type: 'string', jsonPath: '.status.free' },
      { name: 'Available', type: 'string', jsonPath: '.status.available' },
      { name: 'Last seen', type: 'date', jsonPath: '.status.lastSeen' },
      { name: 'Driver', type: 'string', jsonPath: '.spec.driver', priority: 1 },
      { name: 'On node loss', type: 'string', jsonPath: '.spec.onNodeLoss.action', priority: 1 },
    ],
  },
  {
    kind: TOMBSTONES,
    singular: 'tombstone',
    description:
      'A volume or snapshot, by its id, that was deleted while its pool was given up. Removed once that is carried out.',
    fields: { spec: TombstoneSpec },
    columns: [
      { name: 'Pool', type: 'string', jsonPath: '.spec.poolId' },
      { name: 'Deleted', type: 'date', jsonPath: '.spec.at' },
    ],
  },
];

/** The definitions of our custom resources. */
export async function generateCrds(): Promise<GeneratedTree> {
  const files = RESOURCES.map((resource): [string, string] => [
    `${FOLDER}/${resource.kind.plural}.${resource.kind.group}.yaml`,
    `${NOTE}${stringify(toDefinition(resource), { lineWidth: 0 })}`,
  ]);
  return { files: new Map(files), owned: [FOLDER] };
}

function toDefinition({ kind, singular, description, fields, columns }: Resource): unknown {
  const { group, plural, version } = kind;
  const properties = Object.entries(fields).map(([name, schema]) => [name, toStructural(schema)]);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular, categories: ['stowage'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              description,
              type: 'object',
              required: Object.keys(fields),
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...Object.fromEntries(properties),
              },
            },
          },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

/** What Kubernetes takes: a structural schema, in which fields that are not named are dropped, and which has no patterns beside formats. */
function toStructural(schema: ZodType): unknown {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    target: 'openapi-3.0',
    override({ jsonSchema }) {
      delete jsonSchema.additionalProperties;
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      if (jsonSchema.type === 'integer') {
        jsonSchema.format = 'int64';
        // The bounds of what JavaScript counts exactly.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      }
    },
  });
  return json;
}
