import bpy

head = bpy.context.scene.fields.head or bpy.context.view_layer.objects.active
fields = head.fields
shape = fields.shape

fields.emotion_intensity = 1.4
fields.emotion_balance = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
fields.use_smoothing = True
fields.use_head_rotation = True
fields.key_style = "REDUCED"
fields.key_tolerance = 0.03
fields.write_as = "BAKED"
shape.stretch = 0.5
shape.smoothing = "ONE_EURO"
shape.use_despike = True
shape.gaps = "EASE"
shape.even = 0.3
shape.side = "BOTH"
shape.use_region = (True, True, True, True, True, True, True, True, True)
shape.strength = (1.4, 1.1, 1.3, 1.0, 1.3, 1.2, 1.2, 1.0, 1.0)
shape.smooth = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
