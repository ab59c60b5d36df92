import { type HistoryEntry, history, type StoredFile } from "shared/api/files";
import { usePages } from "shared/query/usePages";
import { useListQuery } from "shared/query/useQuery";
import { formatTime } from "shared/format/text";
import { Drawer } from "shared/ui/Drawer";
import { Loaded } from "shared/ui/Loaded";
import { Pager } from "shared/ui/Pager";
import { Path } from "shared/ui/Path";
import { tell } from "./tell";

/** A file's life, from the upload on, as the log tells it. */
export function FileHistory({ file, onClose }: { file: Pick<StoredFile, "id" | "path">; onClose: () => void }) {
  const pages = usePages(file.id);
  const answer = useListQuery(history(file.id, pages.after));
  return (
    <Drawer title="History" onClose={onClose}>
      <p>
        <Path path={file.path} />
      </p>
      <Loaded answer={answer} lines={4}>
        {({ items, next }) => (
          <>
            <ol className="history">
              {items.map((entry) => (
                <Entry key={entry.position} entry={entry} />
              ))}
            </ol>
            <Pager pages={pages} next={next} label="Pages of the history" />
          </>
        )}
      </Loaded>
    </Drawer>
  );
}

function Entry({ entry }: { entry: HistoryEntry }) {
  const { title, detail } = tell(entry);
  return (
    <li data-testid="history-entry">
      <strong>{title}</strong> <time dateTime={entry.at}>{formatTime(entry.at)}</time>
      {detail && <p>{detail}</p>}
    </li>
  );
}
