import { useState } from "react";
import type { StoredFile } from "shared/api/files";
import { formatBytes } from "shared/format/bytes";
import { formatTime } from "shared/format/text";
import { Button } from "shared/ui/Button";
import { Dialog } from "shared/ui/Dialog";
import { Path } from "shared/ui/Path";
import { remove, restore, save, trash } from "./actions";
import { FileHistory } from "./FileHistory";

/** Files with what can be done to each; removing for good asks first. */
export function FileTable({ files }: { files: StoredFile[] }) {
  const [removing, setRemoving] = useState<StoredFile>();
  const [told, setTold] = useState<StoredFile>();
  return (
    <>
      <table className="table">
        <caption className="sr-only">Files</caption>
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">Size</th>
            <th scope="col">Uploaded</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <FileRow key={file.id} file={file} onRemove={() => setRemoving(file)} onHistory={() => setTold(file)} />
          ))}
        </tbody>
      </table>
      {told && <FileHistory file={told} onClose={() => setTold(undefined)} />}
      {removing && (
        <Dialog
          title="Remove for good?"
          confirm="Remove"
          tone="danger"
          onConfirm={() => {
            setRemoving(undefined);
            void remove(removing);
          }}
          onClose={() => setRemoving(undefined)}
        >
          <p>
            <Path path={removing.path} /> cannot be restored afterwards.
          </p>
        </Dialog>
      )}
    </>
  );
}

interface RowProps {
  file: StoredFile;
  onRemove: () => void;
  onHistory: () => void;
}

function FileRow({ file, onRemove, onHistory }: RowProps) {
  const { path, size, state, settled, uploadedAt } = file;
  return (
    <tr data-testid="file">
      <td>
        <Path path={path} /> {!settled && <span className="tag">settling</span>}
      </td>
      <td className="num" data-label="Size">
        {formatBytes(size)}
      </td>
      <td className="num" data-label="Uploaded">
        <time dateTime={uploadedAt}>{formatTime(uploadedAt)}</time>
      </td>
      <td>
        <div className="actions">
          <Button aria-label={`History of ${path}`} onClick={onHistory}>
            History
          </Button>
          {state === "live" ? (
            <>
              <Button aria-label={`Download ${path}`} onClick={() => void save(file)}>
                Download
              </Button>
              <Button aria-label={`Trash ${path}`} onClick={() => void trash(file)}>
                Trash
              </Button>
            </>
          ) : (
            <>
              <Button aria-label={`Restore ${path}`} onClick={() => void restore(file)}>
                Restore
              </Button>
              <Button tone="danger" aria-label={`Remove ${path} for good`} onClick={onRemove}>
                Remove
              </Button>
            </>
          )}
        </div>
      </td>
    </tr>
  );
}
