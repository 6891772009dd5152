"""The skeleton of a model card (after Mitchell et al., FAT* 2019): every heading that must be answered."""

GAP = "TO BE FILLED IN before anyone relies on this model."

CARD = """# {name}

| | |
|---|---|
| Pack | `{id}` {version} |
| Task | {task} |
| Licence | {licence} |
| Made from | {source} |
| Training data | {data} |

**Imported, not validated.** No figure of this model has been measured by this program.

## Labels

{labels}

## Intended use

{gap}

## Who it must not be used on

{gap}

## Training data: patients, places, years, how labelled

{gap}

## Measures, with confidence intervals, overall and by age, sex and site

{gap} `evaluate` and `learn evaluate` measure on a folder of your own; `models calibrate` fits your signed cases.

## Known failures

{gap}
"""
