package present

import "zoucun/survey"

// Say turns an error into the sentence the person reads: what happened to the data, and what to do.
func Say(err error) string {
	if err == nil {
		return ""
	}
	if message := survey.MessageOf(err); message != "" {
		return message
	}
	switch survey.KindOf(err) {
	case survey.Invalid:
		return "填写的内容不符合要求，请检查后再试。"
	case survey.NotFound:
		return "没有找到这项内容，它可能已经被移走。"
	case survey.Denied:
		return "服务器没有同意，请向乡镇管理员核实本机的登记。"
	case survey.Conflicting:
		return "这项内容刚才在别处改过，请返回后重新打开。"
	case survey.Unavailable:
		return "现在连不上服务器。内容已存在本机，有网络时会自动发送。"
	case survey.Full:
		return "本机存储空间已满，刚才的内容没有存下。请清理空间后再试。"
	case survey.Newer:
		return "数据来自更新的版本，请先升级本程序。数据没有改动。"
	case survey.Damaged:
		return "读到的数据有损坏，没有使用。请联系乡镇管理员。"
	case survey.Internal:
	}
	return "程序出了差错，已存的内容不受影响。请返回重试。"
}
