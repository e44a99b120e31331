import bpy

head = bpy.context.scene.fields.head or bpy.context.view_layer.objects.active
fields = head.fields
shape = fields.shape

fields.emotion_intensity = 1.0
fields.emotion_balance = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
fields.use_smoothing = True
fields.use_head_rotation = True
fields.key_style = "REDUCED"
fields.key_tolerance = 0.01
fields.write_as = "BAKED"
shape.stretch = 0.0
shape.smoothing = "ONE_EURO"
shape.use_despike = True
shape.gaps = "EASE"
shape.even = 0.0
shape.side = "BOTH"
shape.use_region = (True, True, True, True, True, True, True, True, True)
shape.strength = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
shape.smooth = (0.7, 0.5, 0.8, 0.8, 0.7, 0.7, 1.0, 0.5, 1.0)
