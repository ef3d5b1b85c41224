package widgets

import "fyne.io/fyne/v2"

// Focus makes keys go to the first thing in a tree that takes them: a field if there is one, else a button. It reports
// whether there was any.
func Focus(tree fyne.CanvasObject) bool {
	c := fyne.CurrentApp().Driver().CanvasForObject(tree)
	to := firstIn(tree, func(o fyne.CanvasObject) fyne.Focusable {
		if f, ok := o.(*Field); ok {
			return f.entry
		}
		return nil
	})
	if to == nil {
		to = firstIn(tree, func(o fyne.CanvasObject) fyne.Focusable {
			f, _ := o.(fyne.Focusable)
			return f
		})
	}
	if c == nil || to == nil {
		return false
	}
	c.Focus(to)
	return true
}

// firstIn returns the first of what fits in a tree of containers, of what is shown.
func firstIn(o fyne.CanvasObject, fits func(fyne.CanvasObject) fyne.Focusable) fyne.Focusable {
	if o == nil || !o.Visible() {
		return nil
	}
	if f := fits(o); f != nil {
		return f
	}
	if c, ok := o.(*fyne.Container); ok {
		for _, child := range c.Objects {
			if f := firstIn(child, fits); f != nil {
				return f
			}
		}
	}
	return nil
}
