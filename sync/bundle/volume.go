package bundle

import (
	"fmt"

	"zoucun/survey"
)

// Item is one thing that a set of volumes carries. An item never spans two volumes.
type Item struct {
	Size  int64 // about how many bytes it needs, rather more than less
	Write func(*Writer) error
}

// perItem is what a frame, its encryption and a bad compression add at most to the size of an item.
const perItem = 1 << 10

// Volumes cuts items, in their order, into volumes of at most limit bytes each; limit 0 is [MaxVolume]. There is always
// at least one volume.
func Volumes(items []Item, limit int64) ([][]Item, error) {
	if limit <= 0 || limit > MaxVolume {
		limit = MaxVolume
	}
	room := limit - limit/100 - 64<<10 // encryption adds 16 bytes to 64 KiB; head, recipients and end take the rest
	volumes, free := [][]Item{nil}, room
	for _, item := range items {
		need := item.Size + perItem
		if need > room {
			return nil, &survey.Error{
				Kind: survey.Invalid, Op: "bundle.Volumes", Message: "有一项内容太大，一卷数据包装不下。", Err: fmt.Errorf("item of %d bytes", item.Size),
			}
		}
		if need > free {
			volumes, free = append(volumes, nil), room
		}
		last := len(volumes) - 1
		volumes[last] = append(volumes[last], item)
		free -= need
	}
	if len(volumes) > MaxVolumes {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "bundle.Volumes", Err: fmt.Errorf("%d volumes", len(volumes))}
	}
	return volumes, nil
}

// Missing returns which volumes of a set are not among those seen, in order.
func Missing(seen []Label) []uint32 {
	if len(seen) == 0 {
		return nil
	}
	there := map[uint32]bool{}
	for _, label := range seen {
		there[label.Volume] = true
	}
	var missing []uint32
	for volume := uint32(1); volume <= seen[0].Volumes; volume++ {
		if !there[volume] {
			missing = append(missing, volume)
		}
	}
	return missing
}
