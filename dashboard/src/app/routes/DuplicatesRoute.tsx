import { DuplicateList } from "features/duplicates/DuplicateList";
import { duplicateList } from "shared/api/duplicates";
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
  const totals = answer.data?.totals;
  return (
    <Card
      title="Duplicates"
      note={totals && `${plural(totals.groups, "group")} · ${plural(totals.copies, "copy", "copies")} · ${formatBytes(totals.reclaimableBytes)} to reclaim`}
    >
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
