import { backends } from '../../src/backends/registry.ts';
import { ERROR_CODES } from '../../src/domain/errors.ts';
import { PERMISSIONS } from '../../src/k8s/permissions.ts';
import { Config } from '../../src/main/config.ts';
import { METRICS } from '../../src/observability/metric-table.ts';
import { STATUS_BY_ERROR_CODE } from '../../src/rpc/status.ts';
import { ERROR_MEANINGS } from './error-meanings.ts';
import { renderSchemaTable } from './schema-table.ts';
import type { GeneratedTree } from './tree.ts';

const FOLDER = 'docs/reference';

/** The reference pages, beside which others may be written by hand: each is a view of what the program itself reads. */
export async function generateReference(): Promise<GeneratedTree> {
  const pages = {
    'configuration.md': renderConfiguration(),
    'storageclass-parameters.md': renderParameters(),
    'metrics.md': renderMetrics(),
    'errors.md': renderErrors(),
    'rbac.md': renderPermissions(),
  };
  const files = Object.entries(pages).map(([name, text]): [string, string] => [`${FOLDER}/${name}`, text]);
  return { files: new Map(files), owned: [] };
}

function renderPage(title: string, ...parts: readonly string[]): string {
  const note = '<!-- Made by `make generate`; change the source that it is made from. -->';
  return [`# ${title}`, note, ...parts].join('\n\n').concat('\n');
}

function renderConfiguration(): string {
  return renderPage(
    'Configuration',
    'One YAML file configures every role. `stowage config check FILE` reads it as the program would and names what is wrong. Sizes are bytes or quantities such as `10Gi`. Keys that are not in this table are errors.',
    renderSchemaTable(Config),
  );
}

function renderParameters(): string {
  return renderPage(
    'StorageClass parameters',
    'All values are text. Unknown parameters are refused with the nearest known name. `csi.storage.k8s.io/fstype` chooses the file system of an image: `ext4` (the default), `xfs` or `btrfs`.',
    ...backends.flatMap(({ driverName, parameters }) => [`## ${driverName}`, renderSchemaTable(parameters)]),
  );
}

function renderMetrics(): string {
  const rows = Object.entries(METRICS).map(
    ([name, { type, labels, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return renderPage(
    'Metrics',
    'Served at `/metrics` on `http.address`. The metrics of the process (`process_*`) and of Node.js (`nodejs_*`) are there as well, under the names that prom-client gives them.',
    ['| Metric | Type | Labels | What it is |', '|---|---|---|---|', ...rows].join('\n'),
  );
}

function renderErrors(): string {
  const rows = ERROR_CODES.map((code) => {
    const [meaning, action] = ERROR_MEANINGS[code];
    return `| \`${code}\` | ${STATUS_BY_ERROR_CODE[code]} | ${meaning} | ${action} |`;
  });
  return renderPage(
    'Errors',
    'Every failed call has one of these codes in the log and the gRPC status beside it in its answer. The message says what happened, to which volume, and what to do.',
    ['| Code | gRPC status | When | What to do |', '|---|---|---|---|', ...rows].join('\n'),
  );
}

function renderPermissions(): string {
  const rows = PERMISSIONS.map(({ kind, verbs, scope, names = [], section, reason }) => {
    const cells = [
      `\`${kind.group === '' ? '""' : kind.group}\``,
      kind.plural,
      verbs.join(', '),
      scope === 'cluster' ? 'everywhere' : 'its namespace',
      names.map((name) => `\`${name}\``).join(', '),
      section === undefined ? '' : `\`${section}\``,
      reason,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return renderPage(
    'Access to the Kubernetes API',
    'What the controller itself may do, and nothing else. The sidecars beside it have rules of their own in the chart; nodes have no access at all. A name with dots is a key of the configuration, whose value is meant.',
    [
      '| API group | Resource | Verbs | Where | Only the names | Only with the section | Why |',
      '|---|---|---|---|---|---|---|',
      ...rows,
    ].join('\n'),
  );
}
