package field

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// ListsSpec describes the screen of a person's own records.
type ListsSpec struct {
	Keeper   present.Safekeeper
	OnResume func(survey.DraftID)
	OnAmend  func(visit survey.RecordID)
}

// NewLists returns the screen of what was returned, what is begun, what waits and what has arrived.
func NewLists(h view.Host, spec ListsSpec) *view.Screen {
	page := widgets.NewPage()
	show := func() {
		var lists present.Lists
		h.Do(func(ctx context.Context) (err error) {
			lists, err = present.ListsOf(ctx, spec.Keeper, h.Now())
			return err
		}, func(err error) {
			if err != nil {
				h.Complain(err)
				return
			}
			var objects []fyne.CanvasObject
			if len(lists.Returned) > 0 {
				objects = append(objects, widgets.Card(lines(counted("乡镇退回，请补充", lists.Returned), "", lists.Returned,
					func(l present.Line) { spec.OnAmend(l.Visit) })))
			}
			page.Keep(page.Offset(), append(objects,
				widgets.Card(lines(counted("草稿", lists.Drafts), "没有没填完的表。", lists.Drafts,
					func(l present.Line) { spec.OnResume(l.Draft) })),
				widgets.Card(lines(counted("等待发送", lists.Waiting), "没有等待发送的表。", lists.Waiting, nil)),
				widgets.Card(lines(counted("已送达", lists.Delivered), "还没有送达的表。", lists.Delivered, nil)),
				widgets.Card(widgets.NewText(lists.Envelopes.Title, widgets.Strong), widgets.NewText(lists.Envelopes.Words, widgets.Hint)))...)
		})
	}
	show()
	return &view.Screen{Title: "我的记录", Subtitle: "草稿、等待发送、已送达", Body: page, Changed: show}
}

func counted(name string, list []present.Line) string {
	if len(list) == 0 {
		return name
	}
	return fmt.Sprintf("%s（%d）", name, len(list))
}
