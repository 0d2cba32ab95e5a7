import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { propertiesText } from './server-properties.ts'

// Any 16 bytes in base64: each cluster lives in a folder of its own.
const CLUSTER_ID = 'bWlsbHJhY2UtdGVzdHMtMA'
const CHECKPOINT = 'bootstrap.checkpoint'

/** The arguments of Kafka's own formatting, which costs a JVM for each node. */
export function formatCommand(propertiesFile: string): string[] {
  return ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config', propertiesFile]
}

/**
 * Formats empty data folders as Kafka's tool does. What it writes is the same for each node of a version, but for the ids: so the tool formats one folder a
 * version, and from then on `checkpoint` is copied.
 *
 * @param checkpoint - Where the one file is kept, outside the folders.
 * @param formatByTool - Formats the first folder.
 */
export async function formatDataFolders(
  folders: readonly { readonly folder: string; readonly nodeId: number }[],
  checkpoint: string,
  formatByTool: () => Promise<void>,
): Promise<void> {
  await Promise.all(folders.map(({ folder }) => mkdir(folder, { recursive: true })))
  if (!(await exists(checkpoint))) {
    await formatByTool()
    // It appears complete or not at all, whoever else makes it at the same time.
    const copy = `${checkpoint}.${process.pid}`
    await copyFile(join(folders[0]!.folder, CHECKPOINT), copy)
    await rename(copy, checkpoint)
  }
  await Promise.all(
    folders.map(async ({ folder, nodeId }) => {
      await copyFile(checkpoint, join(folder, CHECKPOINT))
      await writeFile(join(folder, 'meta.properties'), metaProperties(nodeId))
    }),
  )
}

function metaProperties(nodeId: number): string {
  const id = randomBytes(16)
  // Kafka keeps a few low ids for itself, and none begins with a dash.
  id[0] = (id[0]! & 0x3f) | 0x40
  return propertiesText({
    version: '1',
    'cluster.id': CLUSTER_ID,
    'node.id': String(nodeId),
    'directory.id': id.toString('base64url'),
  })
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
