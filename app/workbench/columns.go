package workbench

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// ColumnKind says what a column of a register takes.
type ColumnKind uint8

// Kinds of columns.
const (
	TextColumn     ColumnKind = iota // a line
	LongColumn                       // several lines
	NameColumn                       // a person's name
	PhoneColumn                      // a mobile or landline number
	CodeColumn                       // a household's number
	CountColumn                      // how many people
	DateColumn                       // a day
	PeopleColumn                     // names of a household's adults
	LocationColumn                   // how far off the road
	VillageColumn                    // a village, by its name
	GroupColumn                      // a group of the village
	StaffColumn                      // a member of staff, by name
	HouseColumn                      // a household, by its number in the village
)

// Column is one field of a register as people see it.
type Column struct {
	Field  survey.FieldPath
	Title  string
	Titles []string // what tables of others call it
	Kind   ColumnKind
	Need   bool
}

// Register is one of the township's lists (名册).
type Register struct {
	Type    survey.RecordType
	Name    string // 户, 干部
	Columns []Column
}

// Pseudo-fields: columns that say where a record belongs, which its fields hold as identifiers.
const (
	villageName survey.FieldPath = "village"
	groupName   survey.FieldPath = "group"
	houseCode   survey.FieldPath = "house"
)

// Registers are the lists of the township, in the order of the section.
var Registers = []Register{
	{survey.TypePlace, "村和组", []Column{
		{villageName, "村", []string{"村名", "行政村", "村(社区)", "村社区", "所在村", "村居", "村委会", "社区"}, VillageColumn, true},
		{survey.PlaceName, "名称", []string{"组", "村民小组", "自然村", "组名", "小组", "组别", "村组", "屯", "湾组"}, TextColumn, true},
		{survey.PlaceOrder, "次序", []string{"序号", "排序"}, CountColumn, false},
		{survey.PlaceCode, "区划代码", []string{"代码", "行政区划代码"}, CodeColumn, false},
	}},
	{survey.TypeHousehold, "户", []Column{
		{villageName, "村", []string{"村名", "行政村", "村(社区)", "村社区", "所在村", "村居", "村委会", "社区"}, VillageColumn, true},
		{survey.HouseholdGroup, "组", []string{"村民小组", "自然村", "组名", "小组", "组别", "村组", "所在组", "屯", "湾组"}, GroupColumn, false},
		{survey.HouseholdCode, "户编号", []string{"户号", "编号", "户编码", "农户编号", "户籍编号", "家庭编号", "门户编号"}, CodeColumn, true},
		{survey.HouseholdHead, "户主", []string{"户主姓名", "户主名", "姓名", "户主名字", "农户姓名", "家庭户主"}, NameColumn, true},
		{survey.HouseholdMembers, "家庭成员", []string{"成员", "家庭成员姓名", "成员姓名", "家人", "其他成员"}, PeopleColumn, false},
		{survey.HouseholdDoor, "门牌方位", []string{"住址", "地址", "门牌", "门牌号", "家庭住址", "详细地址", "方位", "居住地址"}, TextColumn, false},
		{survey.HouseholdPhone, "电话", []string{"联系电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "户主电话"}, PhoneColumn, false},
		{survey.HouseholdResident, "常住人数", []string{"常住", "常住人口", "在家人数", "常住人口数", "人口常住"}, CountColumn, false},
		{survey.HouseholdAway, "外出人数", []string{"外出", "外出人口", "在外人数", "外出务工人数", "外出人口数", "人口外出"}, CountColumn, false},
		{survey.HouseholdLocation, "位置类型", []string{"位置", "位置类别", "居住位置"}, LocationColumn, false},
	}},
	{survey.TypeStaff, "干部", []Column{
		{survey.StaffName, "姓名", []string{"干部姓名", "工作人员", "干部"}, NameColumn, true},
		{survey.StaffPost, "职务", []string{"岗位", "职位", "职务岗位"}, TextColumn, false},
	}},
	{survey.TypeDuty, "包村包组包户", []Column{
		{villageName, "村", []string{"村名", "行政村", "所在村", "包村"}, VillageColumn, true},
		{groupName, "组", []string{"村民小组", "组名", "小组", "所在组", "包组"}, GroupColumn, false},
		{houseCode, "户编号", []string{"户号", "编号", "包户"}, HouseColumn, false},
		{survey.DutyName, "干部", []string{"姓名", "干部姓名", "责任人", "包联干部", "联系干部", "联系人"}, StaffColumn, true},
		{survey.DutySince, "开始", []string{"开始日期", "起", "起始日期", "任职日期", "自"}, DateColumn, false},
		{survey.DutyUntil, "结束", []string{"结束日期", "止", "截止日期", "至", "离任日期"}, DateColumn, false},
	}},
	{survey.TypeUnit, "承办单位", []Column{
		{survey.UnitName, "单位", []string{"单位名称", "承办单位", "部门"}, TextColumn, true},
		{survey.UnitPhone, "电话", []string{"联系电话", "办公电话"}, PhoneColumn, false},
		{survey.UnitContact, "联系人", []string{"经办人", "负责人"}, NameColumn, false},
		{survey.UnitMatters, "办哪些事", []string{"职责", "类别", "问题类别"}, LongColumn, false},
	}},
	{survey.TypePolicy, "政策卡", []Column{
		{survey.PolicyName, "政策", []string{"政策名称", "名称"}, TextColumn, true},
		{survey.PolicyGives, "给什么", []string{"待遇", "标准", "补助标准", "内容"}, LongColumn, false},
		{survey.PolicyWhom, "给谁", []string{"对象", "条件", "享受条件"}, LongColumn, false},
		{survey.PolicyHow, "怎么办", []string{"办理方式", "办理流程", "所需材料"}, LongColumn, false},
		{survey.PolicyUnit, "问哪里", []string{"承办单位", "主管部门", "部门"}, TextColumn, false},
		{survey.PolicyFrom, "开始", []string{"开始日期", "起始日期", "生效日期"}, DateColumn, false},
		{survey.PolicyTo, "结束", []string{"结束日期", "截止日期", "失效日期"}, DateColumn, false},
	}},
	{survey.TypeRound, "轮次", []Column{
		{survey.RoundName, "轮次", []string{"专题", "名称", "轮次名称"}, TextColumn, true},
		{survey.RoundWhy, "做什么", []string{"目的", "内容", "说明"}, LongColumn, false},
		{survey.RoundForm, "用哪张表", []string{"表", "表式"}, TextColumn, false},
		{survey.RoundBegin, "开始", []string{"开始日期", "起始日期"}, DateColumn, false},
		{survey.RoundEnd, "结束", []string{"结束日期", "截止日期"}, DateColumn, false},
	}},
}

// column returns a register's column by its field.
func (r Register) column(field survey.FieldPath) (Column, bool) {
	for _, c := range r.Columns {
		if c.Field == field {
			return c, true
		}
	}
	return Column{}, false
}

// byTitle finds a column by what a table calls it, as sheet.Word gives it.
func (r Register) byTitle(word string) (Column, bool) {
	for _, c := range r.Columns {
		if sheet.Word(c.Title) == word {
			return c, true
		}
	}
	for _, c := range r.Columns {
		for _, title := range c.Titles {
			if sheet.Word(title) == word {
				return c, true
			}
		}
	}
	return Column{}, false
}

// Longest texts, in characters.
const (
	longestLine = 40
	longestText = 500
)

// parse reads what was typed or stands in a cell as the register keeps it; names of places and people stay names.
func (c Column) parse(text string, since1904 bool) (string, error) {
	raw := text
	text = sheet.Clean(sheet.ParseNumberText(text))
	switch c.Kind {
	case NameColumn, StaffColumn:
		return text, sheet.CheckName(text)
	case PhoneColumn:
		return sheet.ParsePhone(text)
	case CodeColumn, HouseColumn:
		code, err := sheet.ParseCode(text)
		return code, errors.Join(err, sheet.CheckShort(code))
	case CountColumn:
		n, err := sheet.ParseCount(text)
		if n < 0 || err != nil {
			return "", err
		}
		return strconv.Itoa(n), nil
	case DateColumn:
		return sheet.ParseDate(text, since1904)
	case PeopleColumn:
		return sheet.ParseMembers(raw)
	case LocationColumn:
		class, err := sheet.ParseLocation(text)
		return string(class), err
	case LongColumn:
		if utf8.RuneCountInString(text) > longestText {
			return "", fmt.Errorf("内容太长，最多 %d 个字", longestText)
		}
		return text, sheet.CheckText(text, longestText)
	case TextColumn, VillageColumn, GroupColumn:
	}
	return text, sheet.CheckText(text, longestLine)
}
