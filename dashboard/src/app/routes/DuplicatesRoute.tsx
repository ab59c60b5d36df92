import { DuplicateList } from "features/duplicates/DuplicateList";
import { duplicateList, type DuplicatePage } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { usePages } from "shared/query/usePages";
import { useListQuery } from "shared/query/useQuery";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";
import { Pager } from "shared/ui/Pager";

export function DuplicatesRoute() {
  const pages = usePages("identical");
  const answer = useListQuery(duplicateList({ after: pages.after }));
  return (
    <Card title="Duplicates" note={answer.data && summary(answer.data.totals)}>
      <Loaded answer={answer} lines={8}>
        {({ items, next }) => (
          <>
            {items.length === 0 ? (
              <EmptyNotice title="No duplicates">Every file you keep here is the only one of its kind.</EmptyNotice>
            ) : (
              <DuplicateList groups={items} />
            )}
            <Pager pages={pages} next={next} label="Pages of duplicate groups" />
          </>
        )}
      </Loaded>
    </Card>
  );
}

function summary({ groups, copies, reclaimableBytes }: DuplicatePage["totals"]): string {
  return `${plural(groups, "group")} · ${plural(copies, "copy", "copies")} · ${formatBytes(reclaimableBytes)} to reclaim`;
}
