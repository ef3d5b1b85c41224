package xlsform

// Code names a kind of finding. Codes are never given a new meaning, so people can look them up; docs/forms.md
// lists them.
type Code string

// Codes of findings.
const (
	// Reading.
	NoSurvey        Code = "XF001"
	MisspeltSheet   Code = "XF002"
	Unreadable      Code = "XF003"
	NotUTF8         Code = "XF004"
	BrokenCSV       Code = "XF005"
	TooLarge        Code = "XF006"
	TwiceTheColumn  Code = "XF007"
	MissingHeader   Code = "XF008"
	OutsideHeader   Code = "XF009"
	MisspeltColumn  Code = "XF011"
	BadChoiceHeader Code = "XF010"
	OldWorkbook     Code = "XF012"

	// Rows.
	NoType             Code = "XF020"
	UnknownType        Code = "XF021"
	SelectWithoutList  Code = "XF022"
	NoName             Code = "XF023"
	BadName            Code = "XF024"
	DuplicateName      Code = "XF025"
	NamesDifferInCase  Code = "XF026"
	RepeatTwice        Code = "XF027"
	RepeatIsRoot       Code = "XF028"
	MetaReserved       Code = "XF029"
	NothingToEnd       Code = "XF030"
	NotClosed          Code = "XF031"
	EmptyGroup         Code = "XF032"
	GroupRequired      Code = "XF033"
	RepeatNoLabel      Code = "XF034"
	RowSkipped         Code = "XF035"
	DisabledColumn     Code = "XF036"
	NoLabel            Code = "XF037"
	DeviceOnly         Code = "XF039"
	UnknownMedia       Code = "XF040"
	BigImageAlone      Code = "XF041"
	MissingTranslation Code = "XF042"
	BadLanguage        Code = "XF044"
	OrOtherTranslated  Code = "XF043"
	TooDeep            Code = "XF045"

	// References and expressions.
	UnknownReference     Code = "XF050"
	AmbiguousReference   Code = "XF051"
	BadReference         Code = "XF052"
	BadExpression        Code = "XF053"
	UnknownFunction      Code = "XF059"
	NoCalculation        Code = "XF054"
	TriggersWithoutComma Code = "XF055"
	HiddenTrigger        Code = "XF056"
	BackgroundNoTrigger  Code = "XF057"
	BackgroundCalculates Code = "XF058"

	// Choices.
	NoChoices           Code = "XF060"
	UnknownList         Code = "XF061"
	ChoiceNoName        Code = "XF062"
	ChoiceNoLabel       Code = "XF063"
	ChoiceTwice         Code = "XF064"
	ChoiceHasSpace      Code = "XF065"
	BadFileName         Code = "XF066"
	SearchFromFile      Code = "XF067"
	SearchShared        Code = "XF068"
	NoExternalChoices   Code = "XF069"
	UnknownExternalList Code = "XF070"
	ExternalNoFilter    Code = "XF071"
	TableFilter         Code = "XF072"
	TableLists          Code = "XF073"
	OrOtherFilter       Code = "XF074"
	OrOtherNoList       Code = "XF075"
	InstanceClash       Code = "XF076"
	ExternalInRepeat    Code = "XF077"

	// Parameters.
	BadParameters           Code = "XF080"
	UnknownParameter        Code = "XF081"
	BadParameterChoice      Code = "XF082"
	ParameterNotWhole       Code = "XF083"
	ParameterNotNumber      Code = "XF084"
	BadParameterName        Code = "XF085"
	BadIncremental          Code = "XF086"
	SeedAlone               Code = "XF087"
	BadGeometry             Code = "XF088"
	PhotoSize               Code = "XF089"
	BadAppName              Code = "XF090"
	AuditName               Code = "XF091"
	AuditLocationIncomplete Code = "XF092"
	AuditLocationAge        Code = "XF093"
	RangeZero               Code = "XF094"
	RangeTooWide            Code = "XF095"
	RangeNotMultiple        Code = "XF096"
	RangeOutside            Code = "XF097"
	RangeLook               Code = "XF098"
	RangeNoList             Code = "XF099"
	RangeLabelNotNumber     Code = "XF100"
	RangeLabelOutside       Code = "XF101"
	RangeLabelBetween       Code = "XF102"
	RangeTooManyLabels      Code = "XF103"
	RangeLabelNotEnd        Code = "XF104"

	// Settings.
	BadRootName       Code = "XF110"
	FormIDTwice       Code = "XF113"
	BadAttribute      Code = "XF114"
	NotYesNo          Code = "XF111"
	EncryptionNeedsID Code = "XF112"

	// Entities.
	UnknownEntityColumn Code = "XF120"
	EntityNoName        Code = "XF121"
	EntityTwice         Code = "XF122"
	EntityUnderscores   Code = "XF123"
	EntityPeriod        Code = "XF124"
	EntityNoID          Code = "XF125"
	EntityNoUpdateIf    Code = "XF126"
	EntityNoLabel       Code = "XF127"
	NoEntities          Code = "XF128"
	SaveToHashes        Code = "XF129"
	UnknownEntity       Code = "XF130"
	SaveToNeedsList     Code = "XF131"
	PropertyReserved    Code = "XF132"
	PropertyUnderscores Code = "XF133"
	PropertyTwice       Code = "XF134"
	GroupSaved          Code = "XF135"
	EntityScopes        Code = "XF136"
	SaveToScopes        Code = "XF137"
	EntityNotRepeat     Code = "XF138"
	EntityNoPlace       Code = "XF139"
	EntityNoInstance    Code = "XF140"
)

// sentence is what a finding says. {0}, {1}… stand for the names it speaks of.
type sentence struct {
	severity        Severity
	message, remedy string
}

// catalogue holds the words of every finding.
var catalogue = map[Code]sentence{
	NoSurvey:                {Fatal, "找不到 survey 表。", "表单必须有一张名为 survey 的表；名称相近的有：{0}。"},
	MisspeltSheet:           {Warning, "没有 {0} 表，但有名称相近的表：{1}。", "如果写错了名称，请改为 {0}；如果不是，请在名称前加下划线“_”。"},
	Unreadable:              {Fatal, "读不出“{0}”。", "请确认文件完整，且为 CSV（UTF-8）或 .xlsx。"},
	OldWorkbook:             {Fatal, "“{0}”是旧的 .xls 格式，或者加了密码，读不了。", "请在 WPS 里“另存为” .xlsx，不加密码，再试一次。"},
	NotUTF8:                 {Fatal, "这张表不是 UTF-8 编码。", "请在 WPS 中“另存为”CSV（UTF-8）后再试。"},
	BrokenCSV:               {Fatal, "这一行的引号不成对，读不下去。", "单元格里有引号时，整个单元格要用英文双引号括起，里面的引号写两遍。"},
	TooLarge:                {Fatal, "表太大。", "每张表最多 {0} 行、每行最多 {1} 格、每格最多 {2} 字节。"},
	TwiceTheColumn:          {Fatal, "表头“{0}”和“{1}”是同一列的两种写法。", "请删去其中一列，或改名。"},
	MissingHeader:           {Fatal, "缺少“{0}”列。", "请在第一行加上表头“{0}”。"},
	OutsideHeader:           {Fatal, "这一行有内容写在没有表头的列里。", "请给这一列加上表头，或删去多余的内容；也可能是第一行漏写了表头。"},
	MisspeltColumn:          {Warning, "不认识表头“{0}”，这一列不起作用。", "如果想写的是“{1}”，请改正；如果是自己的备注，可以不管。"},
	BadChoiceHeader:         {Warning, "表头“{0}”不能用作选项的属性，这一列不会进入表单。", "表头不能为空，也不能有空格；只作备注可不管。"},
	NoType:                  {Fatal, "这一行没有写题型。", "请在 type 列写题型，如 text、integer、select_one；不需要的行请整行清空。"},
	UnknownType:             {Fatal, "不认识的题型“{0}”。", "请改用已有的题型，如 text、integer、decimal、date、select_one 列表名、note、begin_group。"},
	SelectWithoutList:       {Fatal, "“{0}”后面没有写选项列表。", "请写成“{0} 列表名”，列表名要与 choices 表的 list_name 一致。"},
	NoName:                  {Fatal, "这一行没有名字。", "请在 name 列写一个英文字母开头的名字。"},
	BadName:                 {Fatal, "名字“{0}”不合规则。", "名字以字母或下划线开头，后面可用字母、数字、下划线、连字符和点，不能有空格。"},
	DuplicateName:           {Fatal, "名字“{0}”在同一组里已经用过。", "请换一个名字。"},
	NamesDifferInCase:       {Warning, "名字“{0}”与另一个名字只差大小写。", "有的统计软件不分大小写，建议换一个名字。"},
	RepeatTwice:             {Fatal, "重复组的名字“{0}”已经用过。", "重复组的名字在整张表里不能相同，请换一个。"},
	RepeatIsRoot:            {Fatal, "重复组的名字“{0}”与表单根节点同名。", "请换一个名字。"},
	MetaReserved:            {Fatal, "名字 meta 留给表单自己用。", "请换一个名字。"},
	NothingToEnd:            {Fatal, "这里结束了一个没有开始的组（{0}）。", "请检查前面是否有对应的 begin_{1}，开始和结束要成对、同类。"},
	NotClosed:               {Fatal, "组“{0}”没有结束。", "请在组的最后加一行 end_{1}。"},
	TooDeep:                 {Fatal, "组套得太深，超过了 {0} 层。", "请把组拆开，最多套 {0} 层。"},
	EmptyGroup:              {Warning, "组“{0}”里没有题目。", "请在组里加题目，或删去这个组。"},
	GroupRequired:           {Fatal, "组不能设为必填。", "请删去这一格，把必填写在组里的题目上。"},
	RepeatNoLabel:           {Warning, "重复组“{0}”没有标题。", "请在 label 列写标题，填表时才知道在加什么。"},
	RowSkipped:              {Warning, "这一行没有题型、名字和标题，已跳过。", "如果是备注，可以不管。"},
	DisabledColumn:          {Warning, "disabled 列已不在标准里。", "请改用 relevant 列。"},
	NoLabel:                 {Fatal, "题目“{0}”没有标题，也没有提示。", "请在 label 列写标题。"},
	DeviceOnly:              {Warning, "多数设备不再提供 {0}。", "请改用 deviceid。"},
	UnknownMedia:            {Fatal, "不认识的媒体“{0}”。", "可用 image、big-image、audio、video。"},
	BigImageAlone:           {Fatal, "有 big-image 却没有 image。", "请同时写 image 列。"},
	MissingTranslation:      {Warning, "语言“{0}”缺少这些列：{1}。", "请补上这种语言的列，否则填表时显示“-”。"},
	BadLanguage:             {Warning, "语言“{0}”没有写明代码。", "请在语言名后用括号写代码，如“中文 (zh)”“English (en)”，读表的软件才认得。"},
	OrOtherTranslated:       {Warning, "多语言表单里用了 or_other，自动加上的“其他”没有翻译。", "建议在 choices 表里自己写“其他”，另加一道填空题。"},
	UnknownReference:        {Fatal, "找不到名为“{0}”的题目。", "请检查 ${} 里的名字是否与 name 列一致。"},
	AmbiguousReference:      {Fatal, "有几道题都叫“{0}”，不知道指哪一道。", "请给它们起不同的名字。"},
	BadReference:            {Fatal, "“{0}”的写法不对。", "引用题目请写成 ${题目名字}，括号要成对，里面只写名字。"},
	BadExpression:           {Fatal, "算式“{0}”读不懂（{1}）。", "请检查括号、引号是否成对，函数名是否正确。"},
	UnknownFunction:         {Fatal, "没有名为“{0}”的函数。", "请检查函数名的拼写；可用的函数见表单编写说明。"},
	NoCalculation:           {Fatal, "计算题“{0}”没有写算式。", "请在 calculation 列写算式。"},
	TriggersWithoutComma:    {Fatal, "几个触发题目之间没有逗号。", "请写成 ${甲},${乙}。"},
	HiddenTrigger:           {Fatal, "“{0}”不显示在表上，不能用来触发“{1}”。", "请选一道填表时看得到的题目。"},
	BackgroundNoTrigger:     {Fatal, "后台定位“{0}”没有写由哪道题触发。", "请在 trigger 列写 ${题目名字}。"},
	BackgroundCalculates:    {Fatal, "后台定位“{0}”不能有算式。", "请删去 calculation。"},
	NoChoices:               {Fatal, "没有 choices 表，题目要用的选项列表“{0}”无处可找。", "请加一张 choices 表，含 list_name、name、label 三列；名称相近的表有：{1}。"},
	UnknownList:             {Fatal, "choices 表里没有列表“{0}”。", "请检查列表名，或在 choices 表里加上这个列表。"},
	ChoiceNoName:            {Fatal, "列表“{0}”有一个选项没有 name。", "请给每个选项写 name。"},
	ChoiceNoLabel:           {Warning, "列表“{1}”的选项“{0}”没有标题。", "请在 label 列写标题。"},
	ChoiceTwice:             {Fatal, "列表“{1}”里有两个选项都叫“{0}”。", "请改名；确实要重名时在 settings 表写 allow_choice_duplicates 为 yes。"},
	ChoiceHasSpace:          {Fatal, "多选列表“{1}”的选项“{0}”名字里有空格。", "多选的答案用空格分开，请去掉名字里的空格。"},
	BadFileName:             {Fatal, "“{0}”不是能用的数据文件名。", "文件名要以 .csv、.xml 或 .geojson 结尾。"},
	SearchFromFile:          {Fatal, "“{0}”既从文件取选项，又用了 search()。", "两种写法只能用一种，请去掉 search()。"},
	SearchShared:            {Fatal, "“{0}”与别的题共用列表“{1}”，但只有一边用了 search()。", "请都用 search()，或换一个列表。"},
	NoExternalChoices:       {Fatal, "没有 external_choices 表，列表“{0}”无处可找。", "请加上 external_choices 表；名称相近的表有：{1}。"},
	UnknownExternalList:     {Fatal, "external_choices 表里没有列表“{0}”。", "请检查列表名。"},
	ExternalNoFilter:        {Warning, "select_one_external 没有写 choice_filter。", "这种题型是为筛选准备的，请写 choice_filter，或改用 select_one。"},
	TableFilter:             {Fatal, "table-list 里的题目不能有 choice_filter。", "请删去 choice_filter，或去掉 table-list。"},
	TableLists:              {Fatal, "table-list 里的题目要用同一个选项列表，这里有“{0}”和“{1}”。", "请改成同一个列表，或分成两组。"},
	OrOtherFilter:           {Fatal, "or_other 不能和 choice_filter 一起用。", "请在 choices 表里自己写“其他”。"},
	OrOtherNoList:           {Fatal, "or_other 用的列表“{0}”没有选项。", "请在 choices 表里写上选项。"},
	InstanceClash:           {Fatal, "名字“{0}”指向两处不同的数据（{2}、{4}）。", "请给其中一个改名。"},
	ExternalInRepeat:        {Fatal, "数据文件“{0}”不能写在重复组里。", "请移到重复组外面。"},
	BadParameters:           {Fatal, "参数“{0}”的写法不对。", "请写成“名字=值 名字=值”，用空格隔开。"},
	UnknownParameter:        {Fatal, "这种题型没有参数：{0}。", "可用的参数有：{1}。"},
	BadParameterChoice:      {Fatal, "参数 {0} 不能是“{1}”。", "请从这些值里选一个：{2}。"},
	ParameterNotWhole:       {Fatal, "参数 {0} 要写整数，这里是“{1}”。", "请改成整数。"},
	ParameterNotNumber:      {Fatal, "参数 {0} 要写数字，这里是“{1}”。", "请改成数字。"},
	BadParameterName:        {Fatal, "参数 {0} 要写一个列名，这里是“{1}”。", "请写数据文件里的列名。"},
	BadIncremental:          {Fatal, "参数 incremental 不能是“{0}”。", "请写 true，或删去这个参数。"},
	SeedAlone:               {Fatal, "有 seed 却没有 randomize。", "请加上 randomize=true，或删去 seed。"},
	BadGeometry:             {Fatal, "reference-geometry 指的“{0}”找不到。", "请写选项列表、数据文件的名字，或 ${重复组名字}。"},
	PhotoSize:               {Warning, "照片“{0}”没有限定大小。", "建议在 parameters 写 max-pixels=1280，省空间也传得快。"},
	BadAppName:              {Fatal, "“{0}”不是安卓应用的包名。", "请写成 com.example.app 这样的形式。"},
	AuditName:               {Fatal, "audit 行的名字不能是“{0}”。", "请把 name 留空。"},
	AuditLocationIncomplete: {Fatal, "记录位置要同时写三个参数。", "请补齐 location-priority、location-min-interval、location-max-age。"},
	AuditLocationAge:        {Fatal, "location-max-age（{0}）小于 location-min-interval（{1}）。", "请把前者写大一些。"},
	RangeZero:               {Fatal, "参数 {0} 不能是 0。", "请写一个大于 0 的数。"},
	RangeTooWide:            {Fatal, "参数 {0} 比整个范围还大。", "请写小一些，或扩大 start 与 end 之间的范围。"},
	RangeNotMultiple:        {Fatal, "参数 {0} 不是 step 的整数倍。", "请改成 step 的整数倍。"},
	RangeOutside:            {Fatal, "参数 {0} 不在 start 与 end 之间。", "请改到范围之内。"},
	RangeLook:               {Fatal, "这种外观不能用参数 {0}。", "tick_interval、placeholder、tick_labelset 只能配 vertical、no-ticks 或不写外观。"},
	RangeNoList:             {Fatal, "choices 表里没有列表“{0}”。", "请检查 tick_labelset。"},
	RangeLabelNotNumber:     {Fatal, "刻度列表里的“{0}”不是数字。", "刻度列表的 name 都要写数字。"},
	RangeLabelOutside:       {Fatal, "刻度“{0}”不在 start 与 end 之间。", "请改到范围之内。"},
	RangeLabelBetween:       {Fatal, "刻度“{0}”不在 {1} 的整数倍上。", "请改成从 start 起 {1} 的整数倍。"},
	RangeTooManyLabels:      {Fatal, "不画刻度时最多只能有两个刻度标题。", "请只留 start 和 end 两个。"},
	RangeLabelNotEnd:        {Fatal, "不画刻度时，刻度标题只能在两端。", "请把刻度列表改成 start 和 end 两个值。"},
	BadRootName:             {Fatal, "表单根节点的名字“{0}”不合规则。", "名字以字母或下划线开头，后面可用字母、数字、下划线、连字符和点。"},
	NotYesNo:                {Warning, "设置 {0} 的值“{1}”看不懂，按 {2} 处理。", "请写 yes 或 no。"},
	FormIDTwice:             {Warning, "settings 表里 form_id 和 id_string 都写了，以 form_id 为准。", "请删去 id_string 列。"},
	BadAttribute:            {Fatal, "表头“{0}”不能写成属性。", "属性名不能有空格；有冒号时，冒号前的前缀要先在 settings 表的 namespaces 里写明。"},
	EncryptionNeedsID:       {Fatal, "加密的表单不能省去 instanceID。", "请删去 omit_instanceID，或不用 public_key。"},
	UnknownEntityColumn:     {Fatal, "entities 表没有“{0}”这一列。", "可用的列有 list_name、label、entity_id、create_if、update_if、repeat。"},
	EntityNoName:            {Fatal, "entities 表的这一行没有写 list_name。", "请写登记簿的名字，如 household。"},
	EntityTwice:             {Fatal, "登记簿“{0}”写了两次。", "每个登记簿只写一行。"},
	EntityUnderscores:       {Fatal, "名字“{0}”不能以两个下划线开头。", "请换一个名字。"},
	EntityPeriod:            {Fatal, "登记簿名字“{0}”不能有点。", "请去掉点。"},
	EntityNoID:              {Fatal, "登记簿“{0}”写了 update_if，却没有写 entity_id。", "请在 entity_id 写要更新哪一条；只想新建时请把条件移到 create_if。"},
	EntityNoUpdateIf:        {Fatal, "登记簿“{0}”同时写了 entity_id 和 create_if，却没有 update_if。", "请加上 update_if；只想新建时请删去 entity_id。"},
	EntityNoLabel:           {Fatal, "登记簿“{0}”要新建记录，却没有写 label。", "请在 label 列写新记录的名称，可用算式。"},
	NoEntities:              {Fatal, "这里写了 save_to，但没有 entities 表。", "请加上 entities 表并写明登记簿，或删去 save_to。"},
	SaveToHashes:            {Fatal, "save_to“{0}”里有不止一个“#”。", "请写成“登记簿#属性”。"},
	UnknownEntity:           {Fatal, "entities 表里没有登记簿“{0}”。", "请检查“#”前面的名字。"},
	SaveToNeedsList:         {Fatal, "有几个登记簿，不知道“{0}”存到哪一个。", "请写成“登记簿#属性”。"},
	PropertyReserved:        {Fatal, "属性不能叫“{0}”。", "name 和 label 留给登记簿自己用，请换一个名字。"},
	PropertyUnderscores:     {Fatal, "属性“{0}”不能以两个下划线开头。", "请换一个名字。"},
	PropertyTwice:           {Fatal, "属性“{0}”已经由第 {1} 行保存。", "一个属性只能由一道题保存，请删去一处或改名。"},
	GroupSaved:              {Fatal, "组没有答案，不能写 save_to。", "请删去这一格，写在组里的题目上。"},
	EntityScopes:            {Fatal, "登记簿“{0}”用到了 {1} 里的题目，也用到 {3} 里的“{2}”，两处不在同一个重复组。", "请用 calculate 把其中一个值带到另一处，再引用它。"},
	SaveToScopes:            {Fatal, "登记簿“{0}”属于 {1}，这道题却在 {2}。", "请用 calculate 把值带到同一个重复组里，再写 save_to。"},
	EntityNotRepeat:         {Fatal, "repeat 列写的“{0}”不是重复组。", "请写 ${重复组名字}。"},
	EntityNoPlace:           {Fatal, "{0} 里已放不下这个登记簿，第 {1} 行的登记簿占了位置。", "每个组里只能放一个登记簿，请调整 save_to 或把题目分到不同的组。"},
	EntityNoInstance:        {Fatal, "要更新登记簿“{0}”，但表里没有它的数据。", "请加一道 select_one_from_file {0}.csv，或一行 csv-external 名为 {0}。"},
}
