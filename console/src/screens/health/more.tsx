/** The way to the next page of a list; nothing where there is none. */
import { Button } from "../../ui/button";
import styles from "./health.module.css";

interface Props {
  /** As react-query's infinite query tells it. */
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  label: string;
}

export function More({ list, label }: Props) {
  if (!list.hasNextPage) return null;
  return (
    <p className={styles["pad"]}>
      <Button onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
        {label}
      </Button>
    </p>
  );
}
