import { FileTable } from "features/files/FileTable";
import { fileList, type FileState } from "shared/api/files";
import { usePages } from "shared/query/usePages";
import { useListQuery } from "shared/query/useQuery";
import { replaceQuery } from "shared/router/useRoute";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";
import { Pager } from "shared/ui/Pager";
import { SearchField } from "shared/ui/SearchField";
import { Tabs } from "shared/ui/Tabs";
import type { RouteProps } from ".";

const TABS = [
  { id: "live", label: "Files" },
  { id: "trashed", label: "Trash" },
] as const;

export function FilesRoute({ query: { prefix = "", state: wanted } }: RouteProps) {
  const state: FileState = wanted === "trashed" ? "trashed" : "live";
  const show = (query: { prefix: string; state: FileState }) => replaceQuery("files", query);

  return (
    <Card title="Files">
      <Tabs label="Which files" tabs={TABS} selected={state} onSelect={(next) => show({ prefix, state: next })}>
        <SearchField
          label="Path starts with"
          text={prefix}
          placeholder="photos/2024/"
          onSearch={(text) => show({ prefix: text, state })}
        />
        {/* Keyed, because a file of one tab must never stand under the buttons of the other. */}
        <FileList key={state} prefix={prefix} state={state} />
      </Tabs>
    </Card>
  );
}

function FileList({ prefix, state }: { prefix: string; state: FileState }) {
  const pages = usePages(prefix);
  const files = useListQuery(fileList({ prefix, state, after: pages.after }));
  return (
    <Loaded answer={files} lines={8}>
      {({ items, next }) => (
        <>
          {items.length === 0 ? <NoFiles prefix={prefix} state={state} /> : <FileTable files={items} />}
          <Pager pages={pages} next={next} label="Pages of files" />
        </>
      )}
    </Loaded>
  );
}

function NoFiles({ prefix, state }: { prefix: string; state: FileState }) {
  if (prefix) return <EmptyNotice title={`No path starts with “${prefix}”`}>Capitals and folders count.</EmptyNotice>;
  if (state === "trashed") return <EmptyNotice title="The trash is empty" />;
  return <EmptyNotice title="No files yet">Drop files or a folder anywhere on this page.</EmptyNotice>;
}
