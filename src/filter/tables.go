package filter

// Result is the model of the results table.
func Result() Model {
	return Model{
		Name: "result",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "run_id": {Kind: UUID}, "project_id": {Kind: UUID},
			"test_id": {Kind: Text}, "result": {Kind: Text}, "source": {Kind: Text}, "env": {Kind: Text},
			"component": {Kind: Text}, "duration": {Kind: Float}, "start_time": {Kind: Timestamp}, "params": {Kind: JSON},
		},
		Documents: map[string]Document{"metadata": metadata(), "data": metadata()},
	}
}

// Run is the model of the runs table.
func Run() Model {
	return Model{
		Name: "run",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "project_id": {Kind: UUID},
			"source": {Kind: Text}, "env": {Kind: Text}, "component": {Kind: Text},
			"duration": {Kind: Float}, "start_time": {Kind: Timestamp}, "created": {Kind: Timestamp},
		},
		Documents: map[string]Document{"metadata": metadata(), "data": metadata(), "summary": summary()},
	}
}

// Project is the model of the projects table.
func Project() Model {
	return Model{
		Name: "project",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "owner_id": {Kind: UUID}, "group_id": {Kind: UUID}, "default_dashboard_id": {Kind: UUID},
			"name": {Kind: Text}, "title": {Kind: Text},
		},
	}
}

// Dashboard is the model of the dashboards table.
func Dashboard() Model {
	return Model{
		Name: "dashboard",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "project_id": {Kind: UUID}, "user_id": {Kind: UUID},
			"title": {Kind: Text}, "description": {Kind: Text}, "filters": {Kind: Text},
		},
	}
}

// WidgetConfig is the model of the widget_configs table.
func WidgetConfig() Model {
	return Model{
		Name: "widget configuration",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "project_id": {Kind: UUID, OrNull: true}, "dashboard_id": {Kind: UUID},
			"title": {Kind: Text}, "type": {Kind: Text}, "widget": {Kind: Text},
			"weight": {Kind: Int}, "navigable": {Kind: Bool}, "params": {Kind: JSON},
		},
	}
}

// Import is the model of the imports table.
func Import() Model {
	return Model{
		Name: "import",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "filename": {Kind: Text}, "format": {Kind: Text}, "status": {Kind: Text},
			"created": {Kind: Timestamp},
		},
		Documents: map[string]Document{"metadata": {Column: "data"}, "data": {Column: "data"}},
	}
}

// User is the model of the users table, without the columns that hold secrets.
func User() Model {
	return Model{
		Name: "user",
		Columns: map[string]Column{
			"id": {Kind: UUID}, "group_id": {Kind: UUID}, "email": {Kind: Text}, "name": {Kind: Text},
			"is_superadmin": {Kind: Bool}, "is_active": {Kind: Bool},
		},
	}
}

func metadata() Document {
	return Document{Column: "data", Arrays: map[string]bool{"tags": false, "markers": true, "annotations": false}}
}

func summary() Document {
	return Document{Column: "summary", Numbers: map[string]bool{
		"failures": true, "errors": true, "passes": true, "skips": true, "tests": true,
		"xfailures": true, "xpasses": true, "pass_percent": true,
	}}
}
