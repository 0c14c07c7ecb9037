import * as z from 'zod';
import { AbsolutePath } from './schema.ts';

/** Where something listens: an address of this machine and a port, IPv6 in brackets. */
const ListenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$/, 'must be ADDRESS:PORT')
  .meta({ form: '`ADDRESS:PORT`' });

/** Where something is reached: a name or an address, and a port. */
const DialAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):\d{1,5}$/, 'must be HOST:PORT')
  .meta({ form: '`HOST:PORT`' });

/** The name of a Kubernetes object or namespace. */
const ObjectName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be lower-case letters, digits, dashes and dots')
  .meta({ form: 'name of a Kubernetes object' });

const NodeName = z.string().min(1).max(63);

/** What a node, or a server that is none, offers to controllers. */
const AgentSection = z.strictObject({
  address: ListenAddress.default('0.0.0.0:9810').meta({
    form: '`ADDRESS:PORT`',
    description:
      'Where a node, or `stowage agent`, offers its pools to controllers, by gRPC with mutual TLS. It has to be open to them.',
  }),
});

/** Where the certificates of both ends come from. */
const TlsSection = z
  .strictObject({
    directory: AbsolutePath.optional().meta({
      description:
        'A directory with ca.crt, tls.crt and tls.key. Nodes always read theirs here; a controller does when tls.kubernetes is left out. Taken up anew when they change.',
    }),
    kubernetes: z
      .strictObject({
        namespace: ObjectName.meta({ description: 'Where both Secrets are.' }),
        caSecret: ObjectName.meta({
          description: 'The Secret with the certificate authority. Controllers alone read it.',
        }),
        agentSecret: ObjectName.meta({
          description: 'The Secret with what nodes use, which they mount as tls.directory.',
        }),
      })
      .optional()
      .meta({ description: 'Let the controller make, keep and renew all certificates in Secrets.' }),
  })
  .refine(
    (tls) => tls.directory !== undefined || tls.kubernetes !== undefined,
    'set directory, kubernetes, or both',
  );

/** Agents that are named one by one. */
export const StaticAgents = z
  .array(
    z.strictObject({
      node: NodeName.meta({ description: 'Name of the node, as it says itself.' }),
      address: DialAddress.meta({ description: 'Where its agent is reached.' }),
    }),
  )
  .superRefine((agents, context) => {
    for (const [index, { node }] of agents.entries()) {
      if (!agents.slice(0, index).some((earlier) => earlier.node === node)) continue;
      context.addIssue({
        code: 'custom',
        path: [index, 'node'],
        message: `node ${node} is listed twice`,
      });
    }
  });

/** Where the nodes' agents are found. */
const AgentsSection = z
  .strictObject({
    static: StaticAgents.optional().meta({
      description:
        'Agents one by one: all of them, or those beside the pods. The agent that is named here is the one of its node.',
    }),
    kubernetes: z
      .strictObject({
        namespace: ObjectName.meta({ description: 'Where the pods of the nodes are.' }),
        selector: z.string().min(1).meta({
          description: 'Their labels, for instance `app.kubernetes.io/component=node`.',
        }),
        port: z
          .number()
          .int()
          .min(1)
          .max(65_535)
          .default(9810)
          .meta({ description: 'The port of `agent.address`.' }),
      })
      .optional()
      .meta({ description: 'The pods that have certain labels, followed as they come and go.' }),
  })
  .refine(
    (agents) => agents.static !== undefined || agents.kubernetes !== undefined,
    'set static, kubernetes, or both',
  );

/** What only controllers use. */
const ControllerSection = z.strictObject({
  agents: AgentsSection.meta({ description: 'Where the agents of the nodes are found.' }),
  registry: z
    .discriminatedUnion('type', [
      z
        .strictObject({ type: z.literal('file') })
        .meta({ description: 'Files below `stateDirectory`, which several controllers may share.' }),
      z
        .strictObject({ type: z.literal('kubernetes') })
        .meta({ description: 'Objects of the kind pools.stowage.dev.' }),
    ])
    .default({ type: 'file' })
    .meta({ description: 'Where it is kept which pools there are.' }),
  lease: z
    .strictObject({
      namespace: ObjectName.meta({ description: 'Where the Lease is.' }),
      name: ObjectName.default('stowage-controller').meta({ description: 'Its name.' }),
    })
    .optional()
    .meta({
      description:
        'The Kubernetes Lease under which one controller of several does the work in the background. Left out: each does it.',
    }),
});

/** The sections by which controllers and nodes that are apart find and trust each other. All-in-one needs none of them. */
export const clusterConfigShape = {
  agent: AgentSection.prefault({}),
  tls: TlsSection.optional().meta({
    description: 'Certificates for the way between controllers and nodes.',
  }),
  controller: ControllerSection.optional().meta({ description: 'What only controllers use.' }),
} as const;

export type AgentSection = Readonly<z.infer<typeof AgentSection>>;
export type TlsSection = Readonly<z.infer<typeof TlsSection>>;
export type ControllerSection = Readonly<z.infer<typeof ControllerSection>>;
